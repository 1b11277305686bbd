"""The app's own secrets and address, as a resource of the environment."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from greenroom.domain.secret import Secret
from greenroom.drivers.local.secrets import SecretFile
from greenroom.drivers.system.secret_box import SigningKeys
from greenroom.ports import Presence, Values


class AppSecrets:
    """See :class:`greenroom.ports.Resource`. Gives ``SECRET_KEY``, the public address and the mail folder."""

    name = "secrets"

    def __init__(self, folder: Path, mail: Path, url: Callable[[str], str]) -> None:
        self._folder = folder
        self._mail = mail
        self._url = url

    def observe(self, environment: str) -> Presence:
        there = self._file(environment).get("SECRET_KEY") is not None
        return Presence(there, bytes=_size(self._mail / environment) if there else None)

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
        return {**SigningKeys(self._file(environment)).values(), **{k: Secret(v) for k, v in plain.items()}}

    def unreachable(self, environment: str) -> Values:
        return {}

    def remove(self, environment: str) -> None:
        if (self._mail / environment).exists():
            shutil.rmtree(self._mail / environment)
        self._file(environment).remove()
        SecretFile(self._folder, f"{environment}.given").remove()

    def residue(self, environment: str) -> tuple[str, ...]:
        given = SecretFile(self._folder, f"{environment}.given")
        there = self._file(environment).exists() or given.exists()
        secrets = [f"secrets of {environment}"] if there else []
        mail = [f"mail of {environment}"] if (self._mail / environment).exists() else []
        return (*secrets, *mail)

    def found(self) -> Mapping[str, str]:
        """See the port. Names that begin with ``_`` are the platform's own."""
        files = (_of_secret(path.name) for path in _listed(self._folder))
        folders = (path.name for path in _listed(self._mail))
        names = {name for name in (*files, *folders) if name and not name.startswith(("_", "."))}
        return {name: ", ".join(self.residue(name)) for name in sorted(names)}

    def _file(self, environment: str) -> SecretFile:
        return SecretFile(self._folder, environment)


def _of_secret(name: str) -> str:
    """Whose secrets a file of that name holds: ``production.json``, or ``.production.json.4711`` half-written."""
    return name.removeprefix(".").partition(".json")[0].removesuffix(".given") if ".json" in name else ""


def _listed(folder: Path) -> list[Path]:
    """What is in a folder; nothing when it was never made. Raises OSError when it cannot be read."""
    return list(folder.iterdir()) if folder.exists() else []


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in _listed(folder) if path.is_file())
