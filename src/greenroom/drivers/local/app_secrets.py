"""The app's own secrets and address, as a resource of the environment."""

from __future__ import annotations

import secrets as random_secrets
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from greenroom.domain.secret import Secret
from greenroom.domain.secrets import SIGNING
from greenroom.drivers.local.secrets import SecretFile
from greenroom.ports import Presence, Values

NEXT, LAST = "SECRET_KEY_NEXT", "SECRET_KEY_LAST"
FALLBACKS = "SECRET_KEY_FALLBACKS"
"""The variable that apps read the other accepted keys from, with commas between them (Flask 3.1's setting of that name)."""


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
        return {**self._keys(environment), **{k: Secret(v) for k, v in plain.items()}}

    def _keys(self, environment: str) -> Values:
        """The signing key, and those that are accepted beside it while it is changed."""
        file = self._file(environment)
        beside = [value.reveal() for key in (NEXT, LAST) if (value := file.get(key)) is not None]
        fallbacks = {FALLBACKS: Secret(",".join(beside))} if beside else {}
        return {SIGNING: file.get_or_make(SIGNING), **fallbacks}

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


class SigningKeys:
    """See :class:`greenroom.ports.SigningKeys`: the key and the two beside it, in the environment's private file."""

    def __init__(self, file: SecretFile) -> None:
        self._file = file

    def stage(self) -> str:
        if self._file.get(NEXT) is not None:
            return "accepting"
        return "signing" if self._file.get(LAST) is not None else "settled"

    def begin(self) -> None:
        if self.stage() == "settled":
            self._file.put(NEXT, Secret(random_secrets.token_urlsafe(32)))

    def sign(self) -> None:
        keys = self._file.all()
        fresh = keys.pop(NEXT, None)
        if fresh is not None:
            self._file.replace({**keys, LAST: keys[SIGNING], SIGNING: fresh})

    def finish(self) -> None:
        keys = self._file.all()
        keys.pop(LAST, None)
        self._file.replace(keys)
