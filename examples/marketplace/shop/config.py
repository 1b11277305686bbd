"""Settings, read once from the environment. Every one has a default that suits development."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlalchemy.engine import URL, make_url

DEVELOPMENT_KEY = "development-only-not-a-secret"


class ConfigError(RuntimeError):
    """A setting is missing or makes no sense."""


def database_url(env: Mapping[str, str] | None = None) -> URL:
    """The database's address, always with the psycopg 3 driver."""
    text = (os.environ if env is None else env).get("DATABASE_URL", "postgresql:///shop")
    return make_url(text).set(drivername="postgresql+psycopg")


def _flag(env: Mapping[str, str], name: str) -> bool:
    return env.get(name, "").strip().lower() in {"1", "true", "yes", "on"}


def _number(env: Mapping[str, str], name: str, default: int) -> int:
    text = env.get(name, "").strip()
    try:
        return int(text) if text else default
    except ValueError as error:
        raise ConfigError(f"{name} must be a whole number, not {text!r}") from error


@dataclass(frozen=True)
class Settings:
    """What the shop needs to know about where it runs."""

    database: URL
    secret_key: str
    secret_key_fallbacks: tuple[str, ...]
    pool_size: int
    max_overflow: int
    s3_endpoint: str | None
    s3_bucket: str
    s3_region: str
    media_url: str
    public_url: str
    behind_proxy: bool
    mail_dir: str | None
    smtp_url: str | None
    mail_from: str
    slow_page: bool
    json_logs: bool
    release: str
    slot: str
    environment: str

    @property
    def secure(self) -> bool:
        """Whether visitors come over https."""
        return urlsplit(self.public_url).scheme == "https"

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Settings:
        """Read the settings from the environment (or from the mapping given)."""
        env = os.environ if env is None else env
        public_url = env.get("PUBLIC_URL", "http://127.0.0.1:5000").rstrip("/")
        key = env.get("SECRET_KEY", "")
        if not key and (public_url.startswith("https:") or _flag(env, "BEHIND_PROXY")):
            raise ConfigError("SECRET_KEY must be set, and be the same for every process")
        return cls(
            database=database_url(env),
            secret_key=key or DEVELOPMENT_KEY,
            secret_key_fallbacks=tuple(k for k in env.get("SECRET_KEY_FALLBACKS", "").split(",") if k),
            pool_size=_number(env, "DB_POOL_SIZE", 3),
            max_overflow=_number(env, "DB_MAX_OVERFLOW", 2),
            s3_endpoint=env.get("S3_ENDPOINT_URL") or None,
            s3_bucket=env.get("S3_BUCKET", "shop"),
            s3_region=env.get("AWS_REGION", "us-east-1"),
            media_url=env.get("MEDIA_URL", "/media/").rstrip("/") + "/",
            public_url=public_url,
            behind_proxy=_flag(env, "BEHIND_PROXY"),
            mail_dir=env.get("MAIL_DIR") or None,
            smtp_url=env.get("SMTP_URL") or None,
            mail_from=env.get("MAIL_FROM", "Larkspur Market <orders@example.test>"),
            slow_page=_flag(env, "SHOP_SLOW_PAGE"),
            json_logs=env.get("LOG_FORMAT", "").lower() == "json",
            release=env.get("GREENROOM_RELEASE", ""),
            slot=env.get("GREENROOM_SLOT", ""),
            environment=env.get("GREENROOM_ENVIRONMENT", ""),
        )
