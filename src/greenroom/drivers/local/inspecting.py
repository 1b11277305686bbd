"""Looking at an app over its slots' own sockets, at its folder, and at the edge's certificate."""

from __future__ import annotations

import hashlib
import json
import ssl
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from greenroom.domain.errors import GreenroomError
from greenroom.domain.inspected import (
    About,
    Carry,
    Certificate,
    Continuity,
    Outside,
    Pace,
    Pool,
    Strays,
)
from greenroom.drivers.local.every_worker import PROBE_HEADER, WORKER, every_worker, together
from greenroom.drivers.local.layout import Layout
from greenroom.drivers.local.public import PublicAddress
from greenroom.drivers.system.net import Answer, ask_unix, served_certificate
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

RENEWAL_SECONDS = 1.0
"""Between its renewal on disk and its first use a certificate may differ for a moment."""


class LocalInspector:
    """See :class:`greenroom.ports.Inspector`. ``strays`` is the builder's word on a release's folder, ``outside`` that
    of somebody without a sign-in.
    """

    def __init__(
        self,
        layout: Layout,
        clock: Clock,
        public: PublicAddress,
        processes: int,
        strays: Callable[[str], Strays | None],
        outside: Callable[[str], Outside],
    ) -> None:
        self._outside = outside
        self._layout = layout
        self._clock = clock
        self._public = public
        self._processes = processes
        self._strays = strays

    def about(self, environment: str, slot: str) -> tuple[About, ...]:
        return tuple(_about(found) for found in self._every(slot, "about"))

    def continuity(self, environment: str, slot: str, live: str | None) -> Continuity:
        sides = {side: s for side, s in (("own", slot), ("live", live)) if s is not None}
        signed = {side: self._every(s, "sign") for side, s in sides.items()}
        body = json.dumps([token for side in sides for token in signed[side]])
        verified = {side: self._every(s, "verify", body) for side, s in sides.items()}

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
        first = max(self._first(environment, slot, pages), default=None)
        again = [ms for page in pages[:AGAIN] for ms in self._timed(environment, slot, page)]
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
            own += self._timed(environment, slot, page)
            others += self._timed(environment, live, page) if live else []
        return Pace(first[0], first[1], _p95(own or again), _p95(others) if others else None)

    def ask(self, environment: str, slot: str, path: str) -> int | None:
        answer = self._answer(environment, slot, path)
        return None if answer is None else answer.status

    def strays(self, release: str) -> Strays | None:
        return self._strays(release)

    def outside(self, environment: str) -> Outside:
        return self._outside(environment)

    def certificate(self, environment: str) -> Certificate:
        host = self._public.host(environment)
        seen = self._certificate(host)
        if seen.same is False:
            self._clock.sleep(RENEWAL_SECONDS)
            seen = self._certificate(host)
        return seen

    def _certificate(self, host: str) -> Certificate:
        ca = str(self._layout.ca) if self._layout.ca.exists() else None
        try:
            der, begins, ends, trouble = served_certificate(host, self._public.port, ca, self._public.address)
        except OSError as error:
            raise GreenroomError(
                "edge-silent", f"the edge gives no certificate for {host}: {error}", "greenroom logs edge"
            ) from error
        file = self._layout.certificate(host)
        same = None if file is None else _digest(_leaf(file.read_text())) == _digest(der)
        return Certificate(host, trouble, same, begins, ends)

    def _every(self, slot: str, what: str, body: str | None = None) -> list[Any]:
        """Each worker process's JSON answer; empty when the slot's server layer does not know the question."""
        socket, path = self._layout.socket(slot), f"/.greenroom/{what}"
        method = "GET" if body is None else "POST"

        def ask() -> Answer | None:
            try:
                return ask_unix(socket, path, PROBE_HEADER, ASK_SECONDS, method, body)
            except OSError:
                return None

        found = self._asked(ask, ASK_SECONDS).values()
        return [
            json.loads(a.body)
            for a in found
            if a.status == 200 and "json" in a.headers.get("content-type", "")
        ]

    def _asked(self, ask: Callable[[], Answer | None], seconds: float) -> dict[str, Answer]:
        burst = partial(together, ask, 2 * self._processes)
        return every_worker(burst, self._processes, self._clock, seconds)

    def _first(self, environment: str, slot: str, pages: Sequence[str]) -> Iterator[tuple[float, str]]:
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
                answer = self._answer(environment, slot, page)
                if answer is not None and WORKER in answer.headers:
                    took.setdefault(answer.headers[WORKER], 1000.0 * (self._clock.monotonic() - began))
                return answer

            if self._asked(ask, WARM_SECONDS):
                yield min(took.values()), page

    def _timed(self, environment: str, slot: str, page: str) -> list[float]:
        began = self._clock.monotonic()
        answer = self._answer(environment, slot, page)
        return [] if answer is None else [1000.0 * (self._clock.monotonic() - began)]

    def _answer(self, environment: str, slot: str, path: str) -> Answer | None:
        headers = {**PROBE_HEADER, "Host": self._public.host(environment), "X-Forwarded-Proto": "https"}
        try:
            return ask_unix(self._layout.socket(slot), path, headers, WARM_SECONDS)
        except OSError:
            return None


def _about(found: Any) -> About:
    pools = tuple(Pool(str(p["where"]), p["most"]) for p in found["pools"])
    return About(pools, tuple(str(name) for name in found["memory"]))


def _p95(values: list[float]) -> float:
    return sorted(values)[min(len(values) - 1, int(0.95 * len(values)))]


def _leaf(pem: str) -> bytes:
    """The first certificate of a file, in DER."""
    end = "-----END CERTIFICATE-----"
    return ssl.PEM_cert_to_DER_cert(pem.partition(end)[0].strip() + f"\n{end}\n")


def _digest(der: bytes) -> str:
    return hashlib.sha256(der).hexdigest()
