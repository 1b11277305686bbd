"""Secrets of an environment: made once, kept in a file that only its owner may read."""

from __future__ import annotations

import fcntl
import glob
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.secret import Secret
from greenroom.drivers.system.files import read_json, write_json
from greenroom.drivers.system.secret_box import Change, GivenSecrets, SecretBox


class SecretFile(SecretBox):
    """``secrets/<name>.json``. Raises :class:`GreenroomError` (exit 5) when others may read it."""

    def __init__(self, folder: Path, name: str) -> None:
        self._path = folder / f"{name}.json"

    def change(self, how: Change) -> None:
        """One after the other, by a lock on the folder."""
        with _turn(self._path.parent):
            kept = self.all()
            wanted = how(dict(kept))
            if wanted != kept or not self._path.exists():
                write_json(self._path, {key: value.reveal() for key, value in wanted.items()})

    def all(self) -> dict[str, Secret]:
        """Every secret in it."""
        return {key: Secret(value) for key, value in sorted(self._read().items())}

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


@contextmanager
def _turn(folder: Path) -> Iterator[None]:
    """Nobody else changes a file of the folder meanwhile; the end of this process ends it too."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def given_secrets(folder: Path) -> GivenSecrets:
    """Those of each scope in ``secrets/<scope>.given.json``; no environment's name has a dot in it."""
    return GivenSecrets(lambda scope: SecretFile(folder, f"{scope}.given"))
