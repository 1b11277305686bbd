"""How many pods, processes, threads and database connections a load needs, from what a proof measured of the app.

A request needs a thread of a process for as long as the app is at work on it; for its CPU, the process's interpreter, which runs
one thread at a time; and a core of the pod. Which process takes it is chance, so each is a queue of its own: M/M/1 for its
interpreter, M/M/c for its c threads, M/M/c for the c cores that the processes of a pod share (:mod:`greenroom.domain.queueing`).
What is waited there comes on top of the latency that was measured, so that the p99 told is an upper bound: the shares of requests
that exceed the four parts sum up to 1 %.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from greenroom.domain.queueing import mean_wait, utilisation, wait

FAR = 3.0
"""Beyond so many times the load that was measured, what is told is a guess."""

MOST_THREADS = 32
"""More threads of one process are not advised: they share one interpreter."""

MOST_PROCESSES = 2000

CROWDED = 0.5
"""From this share of its CPU on, what a page waited for a core tells of others on the machine."""

BUSY = 0.7
"""From this share of CPU on, what was measured holds a good deal of waiting already."""

_QUEUES = 0.005 / 3
"""The share of requests that may wait longer than is told, at each of the three queues; half a percent is the app's own."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a proof measured of the live slot, asked for its pages alone and while nothing else happened.

    ``requests`` in ``seconds``, by ``processes`` processes of ``threads`` threads, each with ``cores`` cores to share with the others of
    its pod; ``cpu_ms`` and ``busy_ms``: CPU of the process, and time of a thread in the app, a request (means); ``delay_ms``: of that
    time, what was waited for a core. ``p50_ms``, ``p99_ms``, ``p995_ms``: what the visitor waited.
    """

    requests: int
    seconds: float
    processes: int
    threads: int
    cores: float
    cpu_ms: float
    busy_ms: float
    delay_ms: float
    p50_ms: float
    p99_ms: float
    p995_ms: float

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds

    def to_json(self) -> dict[str, Any]:
        """For the ledger; see :meth:`from_json`."""
        return {name: _short(getattr(self, name)) for name in self.__dataclass_fields__}

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Self:
        """What :meth:`to_json` wrote. Raises KeyError when something is missing."""
        return cls(**{name: found[name] for name in cls.__dataclass_fields__})


@dataclass(frozen=True, slots=True)
class Goal:
    """``rate`` requests a second, with ``margin`` (0.3: 30 %) on top; ``p99_ms``: what 99 of 100 may wait at most, with the margin
    too. None: no more than that the processes keep up."""

    rate: float
    margin: float = 0.3
    p99_ms: float | None = None

    @property
    def whole(self) -> float:
        """Requests a second, with the margin."""
        return self.rate * (1 + self.margin)


@dataclass(frozen=True, slots=True)
class Shape:
    """``pods`` (one on this machine) of ``processes`` with ``threads`` each."""

    pods: int
    processes: int
    threads: int

    @property
    def total(self) -> int:
        """Processes of all pods."""
        return self.pods * self.processes


@dataclass(frozen=True, slots=True)
class Expected:
    """Of a shape at some load: the share of its processes' CPU and of its threads that is busy, and the bound of the p99 (infinite
    where they cannot keep up)."""

    cpu: float
    threads: float
    p99_ms: float


def expected(work: Work, rate: float, shape: Shape) -> Expected:
    """What the model says of a shape at ``rate`` requests a second."""
    pod, each = rate / shape.pods, rate / shape.total
    cores, cpu_s = max(1, math.floor(work.cores)), work.cpu_ms / 1000 / min(1.0, work.cores)
    busy = max(utilisation(each, cpu_s), utilisation(pod, cpu_s) / cores)
    if busy >= 1:
        return Expected(busy, math.inf, math.inf)
    queued_s = mean_wait(1, each, cpu_s) + mean_wait(cores, pod, cpu_s)
    service_s = max(work.busy_ms / 1000, cpu_s) + queued_s
    waits = wait(1, each, cpu_s, _QUEUES) + wait(cores, pod, cpu_s, _QUEUES)
    waits += wait(shape.threads, each, service_s, _QUEUES)
    return Expected(busy, utilisation(each, service_s) / shape.threads, work.p995_ms + 1000 * waits)


def holds(work: Work, goal: Goal, shape: Shape) -> bool:
    """Does the shape reach the goal, with its margin?"""
    found = expected(work, goal.whole, shape)
    return found.p99_ms <= (goal.p99_ms or math.inf) and math.isfinite(found.p99_ms)


def needed(work: Work, goal: Goal, now: Shape, many_pods: bool) -> Shape | None:
    """The smallest shape that reaches the goal; None: none does.

    Where there may be ``many_pods`` each has as many processes as now; on one machine there are more processes instead. Threads are
    the fewest that do, at most MOST_THREADS or as many as now.
    """
    most = max(now.threads, MOST_THREADS)
    for shape in _shapes(now, most, many_pods):
        if holds(work, goal, shape):
            return next(s for t in range(1, most + 1) if holds(work, goal, s := replace(shape, threads=t)))
    return None


def _shapes(now: Shape, threads: int, many_pods: bool) -> Iterator[Shape]:
    for number in range(1, MOST_PROCESSES + 1):
        yield Shape(number, now.processes, threads) if many_pods else Shape(1, number, threads)


def advised(least: Shape, now: Shape) -> Shape:
    """What to set: never less than what was measured, for that is what is known to serve."""
    return Shape(
        max(least.pods, now.pods), max(least.processes, now.processes), max(least.threads, now.threads)
    )


def notes(work: Work, goal: Goal, to_set: Shape) -> tuple[str, ...]:
    """What takes from the weight of the answer, in words."""
    found = []
    if goal.whole > FAR * work.rate:
        times = goal.whole / work.rate
        found.append(
            f"{goal.whole:.0f} requests/s are {times:.1f} times what was measured ({work.rate:.0f}/s): a guess;"
            f" prove with more load: greenroom prove --rate {math.ceil(goal.whole / FAR)}"
        )
    if (busy := utilisation(work.rate, work.cpu_ms / 1000) / work.processes) > BUSY:
        found.append(
            f"the processes were {busy:.0%} busy when they were measured: their latency holds waiting already"
        )
    elif work.delay_ms > CROWDED * work.cpu_ms:
        found.append(
            f"a page waited {work.delay_ms:.0f} ms for a core beside its {work.cpu_ms:.0f} ms of CPU: others used the machine;"
            " what they take is not there for this app"
        )
    if to_set.processes > work.cores:
        found.append(
            f"{to_set.processes} processes share {work.cores:g} cores; more than that many add nothing but memory"
        )
    cores = utilisation(goal.whole, work.cpu_ms / 1000)
    found.append(
        f"{cores:.1f} cores in all are busy with the app alone; the database, the edge and the workers come on top"
    )
    return tuple(found)


def _short(value: float) -> float:
    return value if isinstance(value, int) else round(value, 3)
