"""What the service knows: its configuration and its secrets, read again when the files change."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from greenroom.domain.access import Doorkeeping
from greenroom.domain.errors import GreenroomError
from greenroom.drivers.system.files import read_json

COOKIE_KEY = "COOKIE_KEY"
OWN_TOKEN = "OWN_TOKEN"  # noqa: S105 - the name of a secret
CLIENT_SECRET = "OIDC_CLIENT_SECRET"  # noqa: S105 - the name of a secret
USER, TOKEN = "user:", "token:"


class Unusable(Exception):
    """There is no configuration, or it says nothing sensible: nobody may pass."""


@dataclass(frozen=True, slots=True)
class Known:
    """Configuration and secrets at one moment."""

    door: Doorkeeping
    secrets: Mapping[str, str]

    @property
    def key(self) -> str:
        """What signs cookies."""
        return self.secrets[COOKIE_KEY]

    def password(self, user: str) -> str | None:
        """The hash of a user's password."""
        return self.secrets.get(USER + user)

    @property
    def has_users(self) -> bool:
        """Can anybody sign in with a password?"""
        return any(name.startswith(USER) for name in self.secrets)

    def token(self, id: str) -> Mapping[str, Any] | None:
        """What is known of a machine's token."""
        text = self.secrets.get(TOKEN + id)
        found = json.loads(text) if text else None
        return found if isinstance(found, dict) else None


class Settings:
    """``state`` is the project's state folder."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self._door = _Watched(state / "signin" / "config.json", Doorkeeping.from_json)
        self._secrets = _Watched(state / "secrets" / "_signin.json", _secrets)

    def now(self) -> Known:
        """What the files say now. Raises :class:`Unusable`."""
        return Known(self._door.value(), self._secrets.value())

    def bucket_key(self, environment: str) -> tuple[str, str] | None:
        """The environment's own key for its bucket (access, secret)."""
        found = read_json(self.state / "secrets" / f"{environment}.json") or {}
        access, secret = found.get("S3_ACCESS_KEY"), found.get("S3_SECRET_KEY")
        return (str(access), str(secret)) if access and secret else None


T = TypeVar("T")


class _Watched(Generic[T]):
    """A JSON file, parsed again when it is another file or has another time."""

    def __init__(self, path: Path, parse: Callable[[Mapping[str, Any]], T]) -> None:
        self._path, self._parse = path, parse
        self._read: tuple[tuple[int, int, int], T] | None = None

    def value(self) -> T:
        """The content as it is now. Raises :class:`Unusable`."""
        try:
            stat = self._path.stat()
            mark = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
            if stat.st_mode & 0o077:
                raise Unusable(f"others may read {self._path}")
            read = self._read
            if read is None or read[0] != mark:
                read = self._read = (mark, self._parse(read_json(self._path) or {}))
        except (OSError, GreenroomError, KeyError, ValueError, TypeError, AttributeError) as error:
            raise Unusable(f"{self._path}: {error!r}") from error
        return read[1]


def _secrets(data: Mapping[str, Any]) -> dict[str, str]:
    found = {key: str(value) for key, value in data.items()}
    if not found.get(COOKIE_KEY):
        raise ValueError("no cookie key")
    return found
