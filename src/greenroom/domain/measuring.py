"""From the requests that an edge recorded to one measure."""

from __future__ import annotations

from collections.abc import Iterable

from greenroom.domain.verdict import Measure


def measured(requests: Iterable[tuple[int, float]]) -> Measure:
    """``requests``: (status, milliseconds that the app took) each. A visitor who went away (499) counts for nothing."""
    times: list[float] = []
    errors = 0
    for status, took_ms in requests:
        if status == 499:
            continue
        errors += int(status >= 500)
        times.append(took_ms)
    times.sort()
    p95 = times[min(len(times) - 1, int(len(times) * 0.95))] if times else 0.0
    return Measure(len(times), errors, p95)
