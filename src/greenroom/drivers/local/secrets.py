"""Secrets of an environment: made once, kept in a file that only its owner may read."""

from __future__ import annotations

import glob
import secrets as random_secrets
from collections.abc import Mapping
from pathlib import Path

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.secret import Secret
from greenroom.drivers.system.files import read_json, write_json


class SecretFile:
    """``secrets/<name>.json``. Raises :class:`GreenroomError` (exit 5) when others may read it."""

    def __init__(self, folder: Path, name: str) -> None:
        self._path = folder / f"{name}.json"

    def get(self, key: str) -> Secret | None:
        """The secret of that name, if it was made."""
        value = self._read().get(key)
        return Secret(value) if value else None

    def get_or_make(self, key: str) -> Secret:
        """The secret of that name; a random one of 32 URL-safe characters is made the first time."""
        known = self.get(key)
        if known is not None:
            return known
        made = Secret(random_secrets.token_urlsafe(24))
        self.put(key, made)
        return made

    def put(self, key: str, value: Secret) -> None:
        """Keep a secret."""
        self.put_all({key: value})

    def put_all(self, values: Mapping[str, Secret]) -> None:
        """Keep several, all of them or none."""
        write_json(self._path, {**self._read(), **{key: value.reveal() for key, value in values.items()}})

    def replace(self, values: Mapping[str, Secret]) -> None:
        """Keep these and no others."""
        write_json(self._path, {key: value.reveal() for key, value in values.items()})

    def all(self) -> dict[str, Secret]:
        """Every secret in it."""
        return {key: Secret(value) for key, value in sorted(self._read().items())}

    def names(self) -> tuple[str, ...]:
        """The names of all secrets, sorted."""
        return tuple(sorted(self._read()))

    def drop(self, key: str) -> None:
        """Forget one secret."""
        write_json(self._path, {k: v for k, v in self._read().items() if k != key})

    def remove(self) -> None:
        """Forget them all, also what a killed writer left."""
        for path in (self._path, *self._unfinished()):
            path.unlink(missing_ok=True)

    def exists(self) -> bool:
        """Is any secret kept here?"""
        return self._path.exists() or bool(self._unfinished())

    def _unfinished(self) -> list[Path]:
        return list(self._path.parent.glob(f".{glob.escape(self._path.name)}.*"))

    def _read(self) -> dict[str, str]:
        if self._path.exists() and self._path.stat().st_mode & 0o077:
            raise GreenroomError(
                "secrets-open", f"others may read {self._path}", f"chmod 600 {self._path}", Exit.UNSAFE
            )
        return {k: str(v) for k, v in (read_json(self._path) or {}).items()}
