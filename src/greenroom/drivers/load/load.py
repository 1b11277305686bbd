"""The load: runs the clients of a mix side by side, one thread each, and keeps the record of every request."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Iterator, Sequence

from greenroom.domain.errors import GreenroomError
from greenroom.domain.tally import Kind, Phase, Record, Tally, attribute
from greenroom.drivers.load.asks import asks, h2_lanes
from greenroom.drivers.load.client import Client
from greenroom.drivers.load.h2_client import Multiplexed
from greenroom.drivers.load.mix import Address, Mix
from greenroom.drivers.load.pace import Pace, Recorder
from greenroom.drivers.load.single import Single
from greenroom.drivers.load.wire import Dialer

_ABORT_S = 2.0
LONG_PATIENCE = 3.0
"""A request that lasts long on purpose may take this many times its length: the edge may have to ask anew."""


class LoadError(GreenroomError):
    """The load itself failed, for instance for want of free ports: what it saw proves nothing."""

    def __init__(self, why: Exception) -> None:
        super().__init__(
            "load-failed",
            f"the load could not ask: {why}",
            "nothing is proven; see to it that this machine has free ports and files, and prove again",
        )


class Load:
    """A running load. ``max_rate`` is in requests a second over all clients, ``timeout_s`` for each request.

    Records and phases share the seconds of ``time.monotonic``. Raises OSError (ssl.SSLError is one) when the CA
    file cannot be read, ValueError for a rate or timeout that is not positive.
    """

    def __init__(
        self, address: Address, mix: Mix, max_rate: float | None = None, timeout_s: float = 30.0
    ) -> None:
        if timeout_s <= 0 or (max_rate is not None and max_rate <= 0):
            raise ValueError("rate and timeout must be positive")
        self._mix, self._address, self._timeout_s = mix, address, timeout_s
        self._stopped = threading.Event()
        self._pace = Pace(max_rate, self._stopped)
        self._recorder = Recorder()
        self._broken: Exception | None = None
        self._clients = list(self._crew())
        self._threads = [
            threading.Thread(target=self._run, args=(client,), name=f"load-{number}", daemon=True)
            for number, client in enumerate(self._clients)
        ]
        self._unfinished = 0

    @property
    def records(self) -> tuple[Record, ...]:
        """Every request that has ended so far, in the order of their ends."""
        return self._recorder.records

    def since(self, moment_s: float) -> tuple[Record, ...]:
        """Every request that has ended since that moment, in the order of their ends."""
        return self._recorder.since(moment_s)

    def now(self) -> float:
        """This moment in the seconds of the records and phases."""
        return time.monotonic()

    def start(self) -> None:
        """Start all clients. A load runs once."""
        for thread in self._threads:
            thread.start()

    def snapshot(self, phases: Sequence[Phase] = ()) -> Tally:
        """What the load has seen so far; cheap enough to ask every second. Raises LoadError."""
        if self._broken:
            raise LoadError(self._broken) from self._broken
        tally = dataclasses.replace(self._recorder.tally(), notes=self._notes(), unfinished=self._unfinished)
        return attribute(tally, phases) if phases else tally

    def stop(self, timeout: float | None = None, phases: Sequence[Phase] = ()) -> Tally:
        """Ask nothing new, wait up to ``timeout`` seconds for what is in flight, and return the tally.

        By default every request may take its own timeout. What is still in flight then is given up and counted
        as ``unfinished``, neither good nor lost. Raises LoadError when the load itself failed. May be repeated.
        """
        self._stopped.set()
        self._join(self._longest_s() + 1 if timeout is None else timeout)
        self._recorder.close()
        alive = [c for c, t in zip(self._clients, self._threads, strict=True) if t.is_alive()]
        self._unfinished = self._unfinished or sum(client.in_flight for client in alive)
        for client in alive:
            client.abort()
        self._join(_ABORT_S)
        return self.snapshot(phases)

    def _join(self, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(0.0, deadline - time.monotonic()))

    def _run(self, client: Single | Multiplexed) -> None:
        try:
            client.run()
        except Exception as error:  # noqa: BLE001 - whatever it was, the proof is void
            # A client that dies silently would make a load that proves less than it claims.
            self._broken = self._broken or error
            self._stopped.set()

    def _crew(self) -> Iterator[Single | Multiplexed]:
        mix, address = self._mix, self._address
        dialer = Dialer(self._address)
        for kind, count in mix.crew():
            for number in range(count):
                if kind is Kind.H2 and self._address.secure:
                    both = Dialer(self._address, ("h2", "http/1.1"))
                    lanes = h2_lanes(mix)
                    yield Multiplexed(lanes, address, both, self._timeout_s, self._pace, self._recorder)
                elif kind is not Kind.H2:
                    yield self._single(kind, number, count, dialer)

    def _single(self, kind: Kind, number: int, of: int, dialer: Dialer) -> Single:
        """Every second POST client, like all fresh ones, opens a connection for each request."""
        mix = self._mix
        keep = kind is not Kind.FRESH and not (kind is Kind.POST and number % 2)
        endless = asks(kind, mix, self._address, number)
        client = Client(kind, endless, dialer, self._patience_s(kind), keep)
        if kind is not Kind.LONG:
            return Single(client, self._pace, self._recorder)
        first_s = (mix.long_s + mix.rest_s) * number / of
        return Single(client, self._pace, self._recorder, first_s, mix.rest_s)

    def _patience_s(self, kind: Kind) -> float:
        return max(self._timeout_s, LONG_PATIENCE * self._mix.long_s * (kind is Kind.LONG))

    def _longest_s(self) -> float:
        return max((self._patience_s(kind) for kind, _ in self._mix.crew()), default=self._timeout_s)

    def _notes(self) -> tuple[str, ...]:
        untried = (client.note for client in self._clients if client.note)
        plain = self._mix.clients.h2 and not self._address.secure
        return (*self._mix.notes(), *untried, *(("no TLS: HTTP/2 is not tried",) if plain else ()))
