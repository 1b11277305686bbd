"""Ask a slot until every one of its worker processes has answered: which one takes a request is chance."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from greenroom.drivers.system.net import Answer
from greenroom.ports import Clock

PROBE_HEADER = {"X-Greenroom-Probe": "1"}
"""Makes the server layer say which worker process answers; the edge removes it from what comes from outside."""

WORKER = "x-greenroom-worker"


BETWEEN_SECONDS = 0.05
"""Between two bursts that nobody answered."""


def every_worker(
    ask: Callable[[], Answer | None], processes: int, clock: Clock, seconds: float
) -> dict[str, Answer]:
    """The first answer of each worker process, by its pid; fewer than ``processes`` when the time is over.

    Asked in bursts of twice as many as there are processes. An ``ask`` that gives None counts for nobody.
    """
    until = clock.now() + seconds
    seen: dict[str, Answer] = {}
    with ThreadPoolExecutor(max_workers=2 * processes) as pool:
        while len(seen) < processes:
            for answer in pool.map(lambda _: ask(), range(2 * processes)):
                if answer is not None and WORKER in answer.headers:
                    seen.setdefault(answer.headers[WORKER], answer)
            if clock.now() >= until:
                break
            if not seen:
                clock.sleep(BETWEEN_SECONDS)
    return seen
