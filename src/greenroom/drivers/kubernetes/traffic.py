"""What the public reaches on a cluster: the selector of one Service, changed by one patch."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from greenroom.domain.cluster import ClusterEdge, EdgeMode
from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.measuring import measured
from greenroom.domain.stage import Mode
from greenroom.domain.verdict import Measure
from greenroom.drivers.kubernetes.answers import unseen_is_fine
from greenroom.drivers.kubernetes.api import Api
from greenroom.drivers.kubernetes.asking import Asker
from greenroom.drivers.kubernetes.names import NOBODY, Names, path
from greenroom.drivers.kubernetes.pods import STATIC, Pods
from greenroom.drivers.kubernetes.service import MAINTENANCE, LiveService
from greenroom.drivers.kubernetes.slots import Slots
from greenroom.drivers.kubernetes.standin import ASLEEP, StandIn
from greenroom.drivers.system.net import Answer, ask_tls
from greenroom.ports import Clock, Drained, Switched, TrafficSeen

CONFIRM_SECONDS = 20.0
BETWEEN_SECONDS = 0.05
HEARD_SECONDS = 2.0
"""Within so long every proxy has heard of a change (measured: endpoints reach it in 1 s), where it cannot be asked."""

QUIET_LOOKS = 3
"""Looks in a row without a request in flight that make a slot drained."""

LOOK_SECONDS = 0.15
OWN = 1
"""nginx counts the question itself among those it is answering."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How this machine reaches the cluster's edge under an environment's host; ``headers`` open what is private."""

    edge: ClusterEdge
    host: Callable[[str], str]
    headers: Callable[[str], Mapping[str, str]]

    def ask(self, environment: str, path: str, timeout: float = 10.0) -> Answer:
        """One request over verified TLS. Raises OSError when there is no answer."""
        host, edge = self.host(environment), self.edge
        address = edge.address or host
        return ask_tls(host, edge.port, path, edge.ca_file, timeout, address, self.headers(environment))


class KubernetesTraffic:
    """See :class:`greenroom.ports.Traffic`. ``overlap``: seconds in which a switch covers both slots, for load balancers that
    send to pods themselves and learn late of new ones; 0: none."""

    woken_by_requests = False

    def __init__(
        self,
        api: Api,
        names: Names,
        slots: Slots,
        pods: Pods,
        live: LiveService,
        standin: StandIn,
        asker: Asker,
        clock: Clock,
        reach: Reach,
        overlap: float = 0.0,
    ) -> None:
        self._overlap = overlap
        self._api, self._names, self._slots, self._pods = api, names, slots, pods
        self._live, self._standin, self._asker = live, standin, asker
        self._clock, self._reach = clock, reach

    def observe(self, environment: str) -> TrafficSeen:
        live = self._live.read(environment)
        there = {p.color: p.slot.id for p in self._slots.all(environment) if not p.going}
        return TrafficSeen(there.get(live.color), live.mode, live.window, live.asleep)

    def switch(self, environment: str, slot: str) -> Switched:
        placed = self._slots.get(slot)
        if placed is None or placed.going:
            raise GreenroomError("no-slot", f"slot {slot} is not there", "greenroom status", Exit.UNSAFE)
        seen = self._live.read(environment)
        stays = (
            seen.mode is Mode.MAINTENANCE and not seen.window
        )  # a person's page: what is live changes behind it
        covers = self._overlap > 0 and seen.mode is Mode.OPEN and seen.color not in (NOBODY, placed.color)
        change = self._live.cover if covers else self._live.select
        began = self._clock.monotonic()
        if not (
            self._live.note(environment, placed.color, seen.mode, False)
            if stays
            else change(environment, placed.color)
        ):
            raise GreenroomError("no-service", "the live Service is not there", "greenroom up", Exit.UNSAFE)
        took = (self._clock.monotonic() - began) * 1000
        if covers:
            self._clock.sleep(self._overlap)
            self._live.select(environment, placed.color)
        if not stays:
            self._standin.remove(environment)
        return Switched(took, took)

    def confirm(self, environment: str, slot: str) -> float:
        began = self._clock.monotonic()
        answered = ""
        while self._clock.monotonic() < began + CONFIRM_SECONDS:
            answered, _ = self._answer(environment)
            if answered == slot:
                return (self._clock.monotonic() - began) * 1000
            self._clock.sleep(BETWEEN_SECONDS)
        raise GreenroomError(
            "not-confirmed", f"through the edge {answered} answers, not {slot}", "greenroom doctor cluster"
        )

    def _answer(self, environment: str) -> tuple[str, bool]:
        """Who answers through the edge, and whether that is a slot."""
        try:
            answer = self._reach.ask(environment, "/")
        except OSError as error:
            return f"nobody ({error})", False
        slot = answer.headers.get("x-release")
        return slot or f"the edge itself ({answer.status})", slot is not None

    def measure(self, environment: str, slot: str, since: float, until: float) -> Measure:
        return measured(self._requests(environment, slot, since, until))

    def _requests(
        self, environment: str, slot: str, since: float, until: float
    ) -> Iterator[tuple[int, float]]:
        """What the pods' own nginx recorded: (status, milliseconds)."""
        start = datetime.fromtimestamp(since - 1.0, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        for pod in self._pods.every(environment, slot):
            where = path("pods", self._names.namespace(environment), pod["metadata"]["name"])
            text = ""
            with unseen_is_fine():  # a node that is lost says nothing of the release; the other pods do
                text = self._api.text(f"{where}/log?container={STATIC}&sinceTime={start}")
            yield from _recorded(text, since, until)

    def drain(self, environment: str, slot: str, timeout: float) -> Drained:
        began = self._clock.monotonic()
        quiet = 0
        while True:
            count = self._in_flight(environment, slot)
            quiet = quiet + 1 if not count else 0
            elapsed = self._clock.monotonic() - began
            if quiet >= QUIET_LOOKS or elapsed >= timeout:
                return Drained(count, elapsed)
            self._clock.sleep(LOOK_SECONDS)

    def _in_flight(self, environment: str, slot: str) -> int | None:
        """Requests that the slot's pods are answering, by the word of their nginx; None: it does not tell."""
        total = 0
        for pod in self._asker.ready(slot):
            try:
                answer = self._asker.pod(environment, pod, "/.nginx/status", 5.0)
            except OSError:
                return None
            words = answer.body.split()
            if "Writing:" not in words:
                return None
            total += max(0, int(words[words.index("Writing:") + 1]) - OWN)
        return total

    def mode(self, environment: str, mode: Mode, window: bool) -> None:
        live = self._live.read(environment)
        if live.asleep and mode is Mode.OPEN:
            self.doze(environment)
            return
        if mode is not Mode.OPEN and live.color != NOBODY:
            self._standin.ensure(environment, mode)
        self._live.note(environment, live.color, mode, window)
        if mode is Mode.OPEN:
            self._standin.remove(environment)
        elif live.color != NOBODY and live.mode is Mode.OPEN:
            self._until_closed(environment)

    def _until_closed(self, environment: str) -> None:
        """The edge hears of the change a moment later; until then the old release still gets requests.

        Raises when the edge goes on sending them there, or cannot be asked: what comes next may take the database from under them.
        """
        if self._reach.edge.mode is EdgeMode.NONE:
            self._clock.sleep(HEARD_SECONDS)
            return
        until, answered = self._clock.monotonic() + CONFIRM_SECONDS, ""
        while self._clock.monotonic() < until:
            answered, by_slot = self._answer(environment)
            if not answered.startswith("nobody") and not by_slot:
                return
            self._clock.sleep(BETWEEN_SECONDS)
        raise GreenroomError(
            "not-closed",
            f"the public side was to be closed, and through the edge {answered} answers",
            "greenroom doctor cluster",
        )

    def doze(self, environment: str) -> None:
        """A Gateway answers 503 by itself where nobody is behind a Service; an Ingress may say 404: there a pod says it."""
        by_edge = self._reach.edge.mode is EdgeMode.GATEWAY
        if not by_edge:
            self._standin.ensure(environment, ASLEEP)
        self._live.doze(environment, NOBODY if by_edge else MAINTENANCE)
        self._until_closed(environment)
        if by_edge:
            self._standin.remove(environment)

    def called(self, environment: str) -> bool:
        return False

    def open_again(self, environment: str) -> None:
        """What dozes has no live slot here: both are one change of the live Service, and so is the end of both."""

    def last_request(self, environment: str) -> float | None:
        return None

    def forget(self, environment: str) -> None:
        self._live.select(environment, NOBODY)
        self._standin.remove(environment)


def _recorded(text: str, since: float, until: float) -> Iterator[tuple[int, float]]:
    for line in text.splitlines():
        if not line.startswith("{"):
            continue
        try:
            entry = json.loads(line)
            at, status, probe = float(entry["t"]), int(entry["s"]), entry.get("g")
            took = entry.get("ut") or "0"
        except (ValueError, KeyError, TypeError):
            continue
        if since <= at <= until and not probe:
            yield status, 1000.0 * _seconds(took)


def _seconds(text: object) -> float:
    """nginx writes ``-`` where nobody was asked, and several with commas where more than one was."""
    parts = [p.strip() for p in str(text).replace(":", ",").split(",")]
    return sum(float(p) for p in parts if p not in ("", "-"))
