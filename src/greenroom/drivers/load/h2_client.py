"""A client that asks several things at once over one HTTP/2 connection, as browsers do."""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from greenroom.domain.tally import Record
from greenroom.drivers.load.asks import Ask
from greenroom.drivers.load.h2_link import Exchange, Link
from greenroom.drivers.load.mix import Address
from greenroom.drivers.load.pace import LOSS_PAUSE_S, Pace, Recorder
from greenroom.drivers.load.wire import Cut, Dialer

_LOOK_S = 0.2
NO_H2 = "the edge offers no HTTP/2: it is not tried"


@dataclass(slots=True)
class _Lane:
    """One request at a time; the next may begin at ``turn`` (monotonic seconds), None: one is in flight."""

    asks: Iterator[Ask]
    turn: float | None = None


class Multiplexed:
    """Runs lanes side by side on one connection. ``timeout_s`` is for the whole of one request.

    A request that the server promised not to have seen is sent once more, as a browser would do, and counted as
    repeated; every other end without a good answer is a loss.
    """

    def __init__(
        self,
        lanes: Sequence[Iterator[Ask]],
        address: Address,
        dialer: Dialer,
        timeout_s: float,
        pace: Pace,
        recorder: Recorder,
    ) -> None:
        self._lanes = [_Lane(asks) for asks in lanes]
        self._address, self._dialer, self._timeout_s = address, dialer, timeout_s
        self._pace, self._recorder = pace, recorder
        self._links: list[Link] = []
        self._aborted = threading.Event()
        self.note: str | None = None

    def run(self) -> None:
        """Ask until the pace says stop, and then wait for what is in flight."""
        for lane in self._lanes:
            lane.turn = self._pace.turn()
        try:
            while not self._aborted.is_set() and self.note is None and self._goes_on():
                self._begin_due()
                self._wait()
                self._take()
        finally:
            for link in self._links:
                link.close()

    @property
    def in_flight(self) -> int:
        """How many requests wait for their answers."""
        return sum(len(link.exchanges) for link in self._links)

    def abort(self) -> None:
        """Give up what is in flight, from another thread."""
        self._aborted.set()

    def _goes_on(self) -> bool:
        return self.in_flight > 0 or not self._pace.stopped.is_set()

    def _begin_due(self) -> None:
        for number, lane in enumerate(self._lanes):
            now = time.monotonic()
            if lane.turn is not None and lane.turn <= now and not self._pace.stopped.is_set():
                lane.turn = None
                self._begin(Exchange(number, next(lane.asks), now, now + self._timeout_s))

    def _begin(self, exchange: Exchange) -> None:
        try:
            link = self._link(exchange.deadline)
        except Cut as cut:
            exchange.cause = cut.cause
            self._settle(exchange)
            return
        if link is not None:
            self._settle(*link.begin(exchange))

    def _link(self, deadline: float) -> Link | None:
        """The connection that takes new requests, opened if need be; None when the other side has no HTTP/2."""
        for link in self._links:
            self._settle(*link.receive())
            if not link.dead and not link.leaving:
                return link
        wire = self._dialer.dial(deadline)
        if wire.protocol != "h2":
            wire.close()
            self.note = NO_H2
            return None
        self._links.append(Link(wire, self._address))
        return self._links[-1]

    def _wait(self) -> None:
        """Until something has come, a lane's turn has, or a moment is over."""
        now = time.monotonic()
        turns = [lane.turn - now for lane in self._lanes if lane.turn is not None]
        poll = select.poll()
        for link in (link for link in self._links if not link.dead):
            poll.register(link, select.POLLIN)
        poll.poll(max(0.0, min([_LOOK_S, *turns])) * 1000)

    def _take(self) -> None:
        now = time.monotonic()
        for link in list(self._links):
            self._settle(*link.receive())
            for late in [e for e in link.exchanges if e.deadline <= now]:
                link.give_up(late)
                self._settle(late)
            if link.dead or (link.leaving and not link.exchanges):
                link.close()
                self._links.remove(link)

    def _settle(self, *ended: Exchange) -> None:
        for e in ended:
            if e.unseen and not e.repeats:
                self._begin(Exchange(e.lane, e.ask, e.start_s, e.deadline, repeats=1))
                continue
            lasted_ms = (time.monotonic() - e.start_s) * 1000
            record = Record(
                e.start_s, lasted_ms, e.ask.kind, e.ask.path, e.status, e.cause, e.slot, e.reused, e.repeats
            )
            self._recorder.add(record)
            self._lanes[e.lane].turn = self._pace.turn() + (LOSS_PAUSE_S if record.lost else 0.0)
