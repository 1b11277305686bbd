"""Looking at an app through its slots' own processes: what it is like, whether its signatures carry, how quick it is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Protocol

from greenroom.domain.inspected import About, Carry, Continuity, Counted, Pace, Pool
from greenroom.drivers.asking.every_worker import WORKER, every_worker, together
from greenroom.drivers.system.net import Answer
from greenroom.ports import Clock

ASK_SECONDS = 5.0
"""How long every worker process may take to answer one of Greenroom's own questions."""

WARM_SECONDS = 20.0
"""How long the worker processes may take to answer the pages for the first time, and a page at any time."""

AGAIN = 5
"""So many pages are asked once more to see whether one stays slow."""

ROUNDS = 10
"""How often each page is asked of both slots in turn, when one of them seems slow."""

COMPARE_SECONDS = 15.0
"""The comparison ends then, however many rounds are left: a deploy waits for it."""


class Ask(Protocol):
    """Asks one process of a slot, with the probe's header. Raises OSError when there is no answer."""

    def __call__(self, slot: str, path: str, timeout: float, body: str | None = None) -> Answer:
        """``body`` makes it a POST; ``timeout`` in seconds."""


class SlotLooker:
    """The part of :class:`greenroom.ports.Inspector` that asks slots. ``processes`` serve each of them."""

    def __init__(self, ask: Ask, clock: Clock, processes: int) -> None:
        self._ask = ask
        self._clock = clock
        self._processes = processes

    def about(self, environment: str, slot: str) -> tuple[About, ...]:
        return tuple(_about(found) for found in self._every(slot, "about").values())

    def counted(self, environment: str, slot: str) -> tuple[Counted, ...]:
        found = self._every(slot, "work")
        if len(found) < self._processes or not all(found.values()):
            return ()
        return tuple(Counted(worker, **told) for worker, told in sorted(found.items()))

    def continuity(self, environment: str, slot: str, live: str | None) -> Continuity:
        sides = {side: s for side, s in (("own", slot), ("live", live)) if s is not None}
        signed = {side: [*self._every(s, "sign").values()] for side, s in sides.items()}
        body = json.dumps([token for side in sides for token in signed[side]])
        verified = {side: [*self._every(s, "verify", body).values()] for side, s in sides.items()}

        def accepted(by: str, of: str, kind: str) -> bool | None:
            first = 0 if of == "own" else len(signed["own"])
            mine = slice(first, first + len(signed.get(of, [])))
            said = [token[kind] for worker in verified.get(by, []) for token in worker[mine]]
            known = [word for word in said if word is not None]
            return all(known) if known else None

        def carry(kind: str) -> Carry:
            return Carry(
                within=accepted("own", "own", kind),
                within_live=accepted("live", "live", kind),
                onward=accepted("own", "live", kind),
                back=accepted("live", "own", kind),
            )

        return Continuity(carry("session"), carry("csrf"))

    def pace(
        self, environment: str, slot: str, live: str | None, pages: Sequence[str], floor_ms: float
    ) -> Pace | None:
        first = max(self._first(slot, pages), default=None)
        again = [ms for page in pages[:AGAIN] for ms in self._timed(slot, page)]
        if first is None or not again:
            return None
        if max(first[0], *again) <= floor_ms:
            return Pace(first[0], first[1], max(again))
        own: list[float] = []
        others: list[float] = []
        until = self._clock.monotonic() + COMPARE_SECONDS
        for page in [*pages] * ROUNDS:
            if own and self._clock.monotonic() >= until:
                break
            own += self._timed(slot, page)
            others += self._timed(live, page) if live else []
        return Pace(first[0], first[1], _p95(own or again), _p95(others) if others else None)

    def ask(self, environment: str, slot: str, path: str) -> int | None:
        answer = self._answer(slot, path)
        return None if answer is None else answer.status

    def _every(self, slot: str, what: str, body: str | None = None) -> dict[str, Any]:
        """Each worker process's JSON answer by its name; empty when the slot's server layer does not know the question."""
        path = f"/.greenroom/{what}"

        def ask() -> Answer | None:
            try:
                return self._ask(slot, path, ASK_SECONDS, body)
            except OSError:
                return None

        found = self._asked(ask, ASK_SECONDS)
        return {
            worker: json.loads(a.body)
            for worker, a in found.items()
            if a.status == 200 and "json" in a.headers.get("content-type", "")
        }

    def _asked(self, ask: Callable[[], Answer | None], seconds: float) -> dict[str, Answer]:
        burst = partial(together, ask, 2 * self._processes)
        return every_worker(burst, self._processes, self._clock, seconds)

    def _first(self, slot: str, pages: Sequence[str]) -> Iterator[tuple[float, str]]:
        """The first answer to each page of the process that was quickest with it, in milliseconds.

        What each process has to do at first slows all of them; a busy machine, only some.
        """
        until = self._clock.monotonic() + WARM_SECONDS
        for page in pages:
            if self._clock.monotonic() >= until:
                return
            took: dict[str, float] = {}

            def ask(page: str = page, took: dict[str, float] = took) -> Answer | None:
                began = self._clock.monotonic()
                answer = self._answer(slot, page)
                if answer is not None and WORKER in answer.headers:
                    took.setdefault(answer.headers[WORKER], 1000.0 * (self._clock.monotonic() - began))
                return answer

            if self._asked(ask, WARM_SECONDS):
                yield min(took.values()), page

    def _timed(self, slot: str, page: str) -> list[float]:
        began = self._clock.monotonic()
        answer = self._answer(slot, page)
        return [] if answer is None else [1000.0 * (self._clock.monotonic() - began)]

    def _answer(self, slot: str, path: str) -> Answer | None:
        try:
            return self._ask(slot, path, WARM_SECONDS)
        except OSError:
            return None


def _about(found: Any) -> About:
    pools = tuple(Pool(str(p["where"]), p["most"]) for p in found["pools"])
    return About(pools, tuple(str(name) for name in found["memory"]))


def _p95(values: list[float]) -> float:
    return sorted(values)[min(len(values) - 1, int(0.95 * len(values)))]
