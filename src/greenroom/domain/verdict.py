"""Is the new release worse than the old one?"""

from __future__ import annotations

from dataclasses import dataclass

from greenroom.domain.policy import Worse


@dataclass(frozen=True, slots=True)
class Measure:
    """What the edge recorded of one slot over a stretch of time.

    ``errors`` are answers with status >= 500 and the edge's own 502; ``p95_ms`` is the upstream time.
    """

    requests: int = 0
    errors: int = 0
    p95_ms: float = 0.0

    @property
    def error_percent(self) -> float:
        """Share of errors, 0 to 100."""
        return 100.0 * self.errors / self.requests if self.requests else 0.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """``worse`` with the reason, or not; ``proven`` is false when too little traffic came to judge by."""

    worse: bool
    proven: bool
    reason: str


def judge(new: Measure, old: Measure, policy: Worse) -> Verdict:
    """Compare the new slot with the old one's last stretch of the same length (docs/concepts/watch.md)."""
    if new.requests < policy.min_requests:
        return Verdict(False, False, f"{new.requests} requests: too few to judge by, own probes decided")
    grown = new.error_percent - old.error_percent
    if grown > policy.error_points:
        return Verdict(
            True,
            True,
            f"{new.errors} of {new.requests} requests failed ({new.error_percent:.1f} %), "
            f"before it was {old.error_percent:.1f} %",
        )
    if new.p95_ms > policy.p95_floor_ms and new.p95_ms > policy.p95_factor * old.p95_ms > 0:
        return Verdict(True, True, f"p95 is {new.p95_ms:.0f} ms, before it was {old.p95_ms:.0f} ms")
    return Verdict(
        False, True, f"{new.requests} requests, {new.error_percent:.1f} % errors, p95 {new.p95_ms:.0f} ms"
    )
