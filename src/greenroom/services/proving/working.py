"""Before anything is broken: what a request costs the app, for ``greenroom capacity``."""

from __future__ import annotations

from collections.abc import Sequence

from greenroom.domain.capacity import Work
from greenroom.domain.histogram import histogram
from greenroom.domain.inspected import Counted
from greenroom.domain.roles import web_of
from greenroom.ports import Load
from greenroom.services.target import Target

SECONDS = 10.0
"""How long the app is asked for its pages alone."""
ENOUGH = 100
"""With fewer requests nothing is told."""


def measured(target: Target, load: Load) -> Work | None:
    """Ask for pages and count; None when the slot's processes do not tell, or too little was asked. The load is stopped whatever happens."""
    before = _counted(target)
    clock = target.doors.clock
    began = clock.now()
    load.start()
    try:
        load.now()
        clock.sleep(SECONDS)
    finally:
        load.stop()
    seconds = clock.now() - began
    after = _counted(target)
    prompt = histogram(r.duration_ms for r in load.records if r.prompt)
    requests = _grown(before, after, "requests")
    same = [c.worker for c in before] == [c.worker for c in after]
    if not before or not same or requests < ENOUGH or prompt.count < ENOUGH:
        return None
    web = web_of(target.roles)
    return Work(
        requests=int(requests),
        seconds=seconds,
        processes=len(after),
        threads=web.threads,
        cores=min(c.cores for c in after),
        cpu_ms=1000 * _grown(before, after, "cpu_s") / requests,
        busy_ms=1000 * _grown(before, after, "busy_s") / requests,
        delay_ms=1000 * _grown(before, after, "delay_s") / requests,
        p50_ms=prompt.percentile(0.50),
        p99_ms=prompt.percentile(0.99),
        p995_ms=prompt.percentile(0.995),
    )


def _counted(target: Target) -> tuple[Counted, ...]:
    live = target.doors.traffic.observe(target.environment).live
    return target.doors.inspector.counted(target.environment, live) if live else ()


def _grown(before: Sequence[Counted], after: Sequence[Counted], what: str) -> float:
    return float(sum(getattr(c, what) for c in after) - sum(getattr(c, what) for c in before))
