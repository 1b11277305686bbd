"""What is remembered from one look at the registry to the next: when each tag was first seen, and how much there was.

The time that an image itself names is of no use: builds are reproducible, so a fresh build of an old commit is "old".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from greenroom.domain.registry.seen import Repository

KEPT = 100
"""So many totals are remembered."""


@dataclass(frozen=True, slots=True)
class Total:
    """``at`` in seconds since the epoch; ``size`` in bytes, each blob once."""

    at: float
    tags: int
    size: int


@dataclass(frozen=True, slots=True)
class Remembered:
    """``since``: by repository and ``tag@digest``, seconds since the epoch. ``totals``: the oldest first."""

    since: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    totals: tuple[Total, ...] = ()

    def of(self, seen: Repository) -> dict[str, float]:
        """When each tag was first seen with its digest."""
        known = self.since.get(seen.name, {})
        return {tag: known[key] for tag, digest in seen.tags.items() if (key := f"{tag}@{digest}") in known}

    def after(self, repositories: Iterable[Repository], now: float, total: Total | None) -> Remembered:
        """With what is seen now; what is no longer there is forgotten."""
        since = {name: dict(known) for name, known in self.since.items()}
        for seen in repositories:
            before = since.get(seen.name, {})
            keys = (f"{tag}@{digest}" for tag, digest in seen.tags.items())
            since[seen.name] = {key: min(before.get(key, now), now) for key in keys}
        return Remembered(since, (*self.totals, *([total] if total else []))[-KEPT:])

    def to_json(self) -> dict[str, Any]:
        """For the file that it is kept in."""
        totals = [[t.at, t.tags, t.size] for t in self.totals]
        return {"since": {name: dict(known) for name, known in self.since.items()}, "totals": totals}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Remembered:
        """What :meth:`to_json` wrote. Raises KeyError, TypeError or ValueError for anything else."""
        since = {str(n): {str(k): float(v) for k, v in known.items()} for n, known in data["since"].items()}
        totals = tuple(Total(float(at), int(tags), int(size)) for at, tags, size in data["totals"])
        return cls(since, totals)
