"""The files of a pipeline on disk."""

from __future__ import annotations

from pathlib import Path

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.drivers.system.files import write_whole


class DiskPipelineFolder:
    """See :class:`greenroom.ports.pipelines.PipelineFolder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, name: str) -> str | None:
        try:
            return (self._folder / name).read_text("utf-8")
        except FileNotFoundError:
            return None
        except UnicodeDecodeError as error:
            raise GreenroomError("no-text", f"{name} is not UTF-8 text", "", Exit.USAGE) from error

    def write(self, name: str, text: str) -> None:
        place = self._folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        write_whole(place, text, 0o644)
