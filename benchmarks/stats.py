"""Medians, ratios, straight lines, and the rule that says "no growth". Pure."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


def median(values: Sequence[float]) -> float:
    """The median to four significant places; raises ValueError when there are no values."""
    if not values:
        raise ValueError("no values, no median")
    return significant(statistics.median(values))


def significant(value: float, places: int = 4) -> float:
    """The value rounded to ``places`` significant places."""
    return float(f"{value:.{places}g}")


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, least, greatest and count, as they stand in the results."""
    return {
        "median": median(values),
        "min": significant(min(values)),
        "max": significant(max(values)),
        "n": len(values),
    }


def ratio(one: float, other: float) -> float | None:
    """``one / other`` to three significant places, None where it has no meaning."""
    return significant(one / other, 3) if other else None


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line through points: ``at_start + slope * x``."""

    slope: float
    at_start: float


def fit(xs: Sequence[float], ys: Sequence[float]) -> Line:
    """The line of Theil and Sen: the median of the slopes of all pairs, so that one odd sample moves nothing.

    Raises ValueError with fewer than two different ``xs``.
    """
    points = list(zip(xs, ys, strict=True))
    slopes = [
        (y2 - y1) / (x2 - x1) for i, (x1, y1) in enumerate(points) for x2, y2 in points[i + 1 :] if x1 != x2
    ]
    if not slopes:
        raise ValueError("a line needs two different places")
    slope = statistics.median(slopes)
    return Line(slope, statistics.median(y - slope * x for x, y in points))


@dataclass(frozen=True, slots=True)
class Growth:
    """What a figure did over the deploys: ``growth`` is slope times the deploys, ``allowed`` the rule's limit."""

    start: float
    growth: float
    allowed: float

    @property
    def grows(self) -> bool:
        """Whether it grew by more than the rule allows."""
        return self.growth > self.allowed


def judge(xs: Sequence[float], ys: Sequence[float], share: float, floor: float) -> Growth:
    """Growth over the whole of ``xs`` against ``share`` of the start, or ``floor`` if that is more.

    The first fifth of the samples, one at least, warms caches up and is left out; of fewer than four all count.
    """
    skip = max(1, len(xs) // 5) if len(xs) >= 4 else 0
    line = fit(xs[skip:], ys[skip:])
    start = line.at_start + line.slope * xs[skip]
    growth = line.slope * (xs[-1] - xs[skip])
    return Growth(significant(start), significant(growth, 3), significant(max(share * abs(start), floor)))
