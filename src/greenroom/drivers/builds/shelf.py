"""The builds on disk: which are there, and are they whole?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.release import Release
from greenroom.drivers.builds import disk, record, venvs

RECORD = "build.json"
"""Written last into a build."""


@dataclass(frozen=True, slots=True)
class Damaged:
    """A build that cannot be used, and why."""

    id: str
    reason: str


class Shelf:
    """The folder of builds, one folder each, named by the release's id."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, release: str) -> Release | Damaged | None:
        """What lies under this id, usable or not; None: nothing."""
        found = self.recorded(release)
        if isinstance(found, Release) and not venvs.whole(self.folder / release / "venv"):
            return Damaged(release, "its Python environment is missing or unfinished")
        return found

    def recorded(self, release: str) -> Release | Damaged | None:
        """The same, without a look at its Python environment."""
        place = self.folder / release
        try:
            found = record.parse((place / RECORD).read_bytes())
        except (OSError, ValueError) as error:
            return Damaged(release, f"{RECORD}: {error}") if place.is_dir() else None
        if found.id != release:
            return Damaged(release, f"{RECORD} speaks of {found.id}")
        return found

    def scan(self) -> tuple[tuple[Release, ...], tuple[Damaged, ...]]:
        """All usable releases, the newest last, and what is damaged."""
        names = sorted(path.name for path in self.folder.glob("*") if not path.name.startswith("."))
        found = [self.read(name) for name in names]
        releases = sorted((f for f in found if isinstance(f, Release)), key=lambda r: (r.created_at, r.id))
        return tuple(releases), tuple(f for f in found if isinstance(f, Damaged))

    def get(self, start: str) -> Release:
        """The release whose id begins with ``start``. Raises ``unknown-release`` or ``ambiguous-release``."""
        releases, damaged = self.scan()
        matches = [release for release in releases if start and release.id.startswith(start)]
        if len(matches) == 1:
            return matches[0]
        if matches:
            raise _error("ambiguous-release", f"{start!r} is the beginning of several releases", matches)
        for build in damaged:
            if start and build.id.startswith(start):
                hint = "build it again from its commit"
                raise GreenroomError(
                    "damaged-release", f"release {build.id} is damaged", hint, details=build.reason
                )
        raise _error("unknown-release", f"there is no release {start!r} here", list(releases[-10:]))

    def environments(self) -> frozenset[str]:
        """Names of the Python environments that builds refer to."""
        links = (path / "venv" for path in self.folder.glob("*"))
        return frozenset(link.readlink().name for link in links if link.is_symlink())

    def remove(self, release: str) -> None:
        """Remove what lies under this id, if anything does."""
        if release and "/" not in release and not release.startswith("."):
            disk.remove(self.folder / release)


def _error(code: str, message: str, releases: list[Release]) -> GreenroomError:
    details = "\n".join(f"{r.id}  {r.commit[:10] or 'uncommitted'}  {r.subject}" for r in releases)
    return GreenroomError(code, message, "greenroom releases lists them", Exit.USAGE, details)
