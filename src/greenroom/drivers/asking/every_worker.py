"""Ask a slot until every one of its worker processes has answered: which one takes a request is chance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from greenroom.drivers.system.net import Answer
from greenroom.ports import Clock

PROBE_HEADER = {"X-Greenroom-Probe": "1"}
"""Makes the server layer say which worker process answers; the edge removes it from what comes from outside."""

WORKER = "x-greenroom-worker"


BETWEEN_SECONDS = 0.05
"""Between two bursts: whoever still starts needs the processor more than they do."""


def every_worker(
    burst: Callable[[], Sequence[Answer | None]], processes: int, clock: Clock, seconds: float
) -> dict[str, Answer]:
    """The first answer of each worker process, by its pid; fewer than ``processes`` when the time is over.

    ``burst`` asks about twice as often as there are processes, at the same time; what is None counts for nobody.
    """
    until = clock.monotonic() + seconds
    seen: dict[str, Answer] = {}
    while len(seen) < processes:
        for answer in burst():
            if answer is not None and WORKER in answer.headers:
                seen.setdefault(answer.headers[WORKER], answer)
        if clock.monotonic() >= until:
            break
        if len(seen) < processes:
            clock.sleep(BETWEEN_SECONDS)
    return seen


def together(ask: Callable[[], Answer | None], count: int) -> list[Answer | None]:
    """Ask so many times at once."""
    with ThreadPoolExecutor(max_workers=count) as pool:
        return list(pool.map(lambda _: ask(), range(count)))
