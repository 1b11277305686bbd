"""Values of a file that know where they stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A line of a file, the first is 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


NOWHERE = Place("?", 1)


class Table(dict[str, Any]):
    """A mapping of a file. ``places``: where each key stands; ``own``: where it begins itself."""

    def __init__(self, values: Mapping[str, Any], places: Mapping[str, Place], own: Place = NOWHERE) -> None:
        super().__init__(values)
        self.places = dict(places)
        self.own = own

    def place(self, *path: str | int) -> Place:
        """Where a value stands; of what is not there, the nearest thing around it."""
        found, at = self, self.own
        for name in path:
            at = found.places.get(str(name), at) if isinstance(found, Table) else at
            inner = found.get(str(name)) if isinstance(found, Table) else None
            if not isinstance(inner, Table):
                return at
            found = inner
        return at


@dataclass(frozen=True, slots=True)
class Reference:
    """``!reference [job, key]``."""

    path: tuple[str, ...]
    place: Place
