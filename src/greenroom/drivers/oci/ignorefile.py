"""A project's ``.dockerignore``."""

from __future__ import annotations

from pathlib import Path

from greenroom.drivers.system.files import write_whole

NAME = ".dockerignore"


class IgnoreFile:
    """See :class:`greenroom.ports.imaging.IgnoreFile`. ``folder`` is the project's."""

    name = NAME

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME

    def read(self) -> str | None:
        return self._path.read_text("utf-8", "replace") if self._path.is_file() else None

    def write(self, text: str) -> None:
        write_whole(self._path, text, 0o644)
