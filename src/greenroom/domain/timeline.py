"""What a load's records say over time: requests per second by slot, and the stretch after each switch.

Moments are seconds of the records' monotonic clock.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from greenroom.domain.histogram import percentile
from greenroom.domain.tally import Kind, Record, answered_by

AFTER_SECONDS = 10.0
"""How long after a switch its latency is looked at."""


@dataclass(frozen=True, slots=True)
class SwitchFigure:
    """One switch: when (``at_s``), to which slot, and how the public fared.

    ``first_answer_ms``: until the first good answer of a request that began after it. ``p99_ms`` of all prompt
    requests that began in the ten seconds after it, or until the next switch; None without any.
    """

    slot: str
    at_s: float
    first_answer_ms: float | None = None
    p99_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Timeline:
    """Requests per second that ended in each stretch of ``width_s`` since ``began_s``, by who answered."""

    began_s: float
    width_s: float
    rates: tuple[tuple[str, tuple[float, ...]], ...]

    @property
    def peak(self) -> float:
        """The highest sum of one stretch."""
        return max((sum(rates) for rates in zip(*(r for _, r in self.rates), strict=True)), default=0.0)


def timeline(records: Iterable[Record], began_s: float, ended_s: float, stretches: int) -> Timeline:
    """Count records into equal stretches of time; slots in the order of their first answers."""
    width_s = max((ended_s - began_s) / stretches, 0.001)
    counts: dict[str, Counter[int]] = {}
    for record in records:
        place = min(max(int((record.end_s - began_s) / width_s), 0), stretches - 1)
        counts.setdefault(answered_by(record), Counter())[place] += 1
    rates = tuple((who, tuple(c[i] / width_s for i in range(stretches))) for who, c in counts.items())
    return Timeline(began_s, width_s, rates)


def after_switches(
    records: Sequence[Record], switches: Sequence[tuple[str, float]]
) -> tuple[SwitchFigure, ...]:
    """The figures of each switch (slot, moment); both may come in any order."""
    by_start = sorted(records, key=lambda r: r.start_s)
    starts = [r.start_s for r in by_start]
    ordered = sorted(switches, key=lambda s: s[1])
    ends = [*(at_s for _, at_s in ordered[1:]), float("inf")][: len(ordered)]
    figures = []
    for (slot, at_s), next_s in zip(ordered, ends, strict=True):
        until_s = min(at_s + AFTER_SECONDS, next_s)
        within = by_start[bisect_left(starts, at_s) : bisect_left(starts, until_s)]
        good = [r.end_s - at_s for r in within if r.slot == slot and r.cause is None]
        prompt = [r.duration_ms for r in within if r.prompt]
        figures.append(
            SwitchFigure(
                slot,
                at_s,
                min(good) * 1000 if good else None,
                percentile(prompt, 0.99) if prompt else None,
            )
        )
    return tuple(figures)


def spanning(records: Iterable[Record], moments: Iterable[float]) -> int:
    """How many long requests were answered well although a switch fell into their time."""
    at = sorted(moments)
    long = [r for r in records if r.kind is Kind.LONG and r.cause is None]
    return sum(1 for r in long if (i := bisect_left(at, r.start_s)) < len(at) and at[i] <= r.end_s)
