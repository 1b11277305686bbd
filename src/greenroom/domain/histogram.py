"""Durations in buckets, and percentiles. All in milliseconds."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

_GROWTH = 1.01
_SHORTEST_MS = 0.001


@dataclass(frozen=True, slots=True)
class Histogram:
    """Durations in buckets that grow by 1 %: percentiles are right to 1 %, merging two loses nothing more."""

    buckets: Mapping[int, int] = field(default_factory=dict)
    max_ms: float = 0.0

    @property
    def count(self) -> int:
        """How many durations are in it."""
        return sum(self.buckets.values())

    def percentile(self, share: float) -> float:
        """Milliseconds that ``share`` (0 to 1) of the durations do not exceed, up to 1 % more; 0 if empty."""
        remaining = max(1, math.ceil(share * self.count))
        for bucket in sorted(self.buckets):
            remaining -= self.buckets[bucket]
            if remaining <= 0:
                return float(min(self.max_ms, _GROWTH ** (bucket + 1)))
        return 0.0


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that ``share`` (0 to 1) of all values do not exceed (nearest rank).

    Raises ValueError when there are no values or the share is outside 0 to 1.
    """
    if not values:
        raise ValueError("no values, no percentile")
    if not 0 <= share <= 1:
        raise ValueError(f"a share lies between 0 and 1, not at {share}")
    return sorted(values)[max(1, math.ceil(share * len(values))) - 1]


def histogram(durations_ms: Iterable[float]) -> Histogram:
    """Sort durations in milliseconds into buckets."""
    values = [max(value, _SHORTEST_MS) for value in durations_ms]
    buckets = Counter(math.floor(math.log(value, _GROWTH)) for value in values)
    return Histogram(dict(buckets), max(values, default=0.0))
