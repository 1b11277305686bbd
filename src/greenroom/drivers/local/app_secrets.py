"""The app's own secrets and address, as a resource of the environment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from greenroom.domain.secret import Secret
from greenroom.drivers.local.secrets import SecretFile
from greenroom.ports import Presence, Values


class AppSecrets:
    """See :class:`greenroom.ports.Resource`. Gives ``SECRET_KEY``, the public address and the mail folder."""

    name = "secrets"

    def __init__(self, folder: Path, mail: Path, url: Callable[[str], str]) -> None:
        self._folder = folder
        self._mail = mail
        self._url = url

    def observe(self, environment: str) -> Presence:
        return Presence(self._file(environment).get("SECRET_KEY") is not None)

    def ensure(self, environment: str) -> None:
        self._file(environment).get_or_make("SECRET_KEY")
        (self._mail / environment).mkdir(mode=0o700, parents=True, exist_ok=True)

    def values(self, environment: str) -> Values:
        plain = {
            "PUBLIC_URL": self._url(environment),
            "BEHIND_PROXY": "1",
            "LOG_FORMAT": "json",
            "MEDIA_URL": "/media/",
            "MAIL_DIR": str(self._mail / environment),
        }
        key = self._file(environment).get_or_make("SECRET_KEY")
        return {"SECRET_KEY": key, **{k: Secret(v) for k, v in plain.items()}}

    def unreachable(self, environment: str) -> Values:
        return {}

    def remove(self, environment: str) -> None:
        self._file(environment).remove()
        for message in (self._mail / environment).glob("*"):
            message.unlink(missing_ok=True)

    def residue(self, environment: str) -> tuple[str, ...]:
        return (f"secrets of {environment}",) if self._file(environment).exists() else ()

    def _file(self, environment: str) -> SecretFile:
        return SecretFile(self._folder, environment)
