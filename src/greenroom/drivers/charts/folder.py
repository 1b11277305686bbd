"""Where the chart is, and a copy of it in a team's repository."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import greenroom
from greenroom.domain.errors import Exit, GreenroomError
from greenroom.drivers.system.files import write_whole

RECORD = ".exported"
"""Lines as ``sha256sum`` writes and checks them."""


def packaged() -> Path:
    """The chart that belongs to this Greenroom: in its package, or in the checkout that it runs from."""
    here = Path(greenroom.__file__).parent
    return next(
        (place for place in (here / "chart", here.parents[1] / "deploy" / "chart") if place.is_dir()),
        here / "chart",
    )


def texts(folder: Path) -> dict[str, str]:
    """Path -> text of all files below a folder, hidden ones too, the record of an export not.

    Raises (exit 2) for a file that is no text, or a name where there is no folder.
    """
    if folder.exists() and not folder.is_dir():
        raise GreenroomError("no-folder", f"{folder} is not a folder", "name another one", Exit.USAGE)
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / RECORD)
    try:
        return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in files}
    except UnicodeDecodeError as error:
        hint = "name a folder that holds the chart alone"
        raise GreenroomError("no-text", f"{folder} holds files that are no text", hint, Exit.USAGE) from error


class DiskChartFolder:
    """See :class:`greenroom.ports.charting.ChartFolder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def files(self) -> Mapping[str, str]:
        return texts(self._folder)

    def exported(self) -> Mapping[str, str]:
        try:
            lines = (self._folder / RECORD).read_text("utf-8").splitlines()
        except FileNotFoundError:
            return {}
        pairs = (line.split("  ", 1) for line in lines)
        return {pair[1]: pair[0] for pair in pairs if len(pair) == 2}

    def apply(self, write: Mapping[str, str], remove: Iterable[str], exported: Mapping[str, str]) -> None:
        for name, text in write.items():
            place = self._folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            write_whole(place, text, 0o644)
        for name in remove:
            (self._folder / name).unlink(missing_ok=True)
        lines = [f"{told}  {name}\n" for name, told in sorted(exported.items())]
        write_whole(self._folder / RECORD, "".join(lines), 0o644)
