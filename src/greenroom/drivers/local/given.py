"""Secrets that people gave by command: one private file a scope."""

from __future__ import annotations

from pathlib import Path

from greenroom.domain.secret import Secret
from greenroom.drivers.local.secrets import SecretFile


class GivenSecrets:
    """``secrets/<scope>.given.json``; no environment's name has a dot in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def values(self, scope: str) -> dict[str, Secret]:
        """Every secret of a scope. Raises (exit 5) when others may read the file."""
        return self._file(scope).all()

    def put(self, scope: str, name: str, value: Secret) -> None:
        """Keep it."""
        self._file(scope).put(name, value)

    def remove(self, scope: str, name: str) -> bool:
        """Forget it; was it there?"""
        kept = self.values(scope)
        if kept.pop(name, None) is None:
            return False
        self._file(scope).replace(kept)
        return True

    def _file(self, scope: str) -> SecretFile:
        return SecretFile(self._folder, f"{scope}.given")
