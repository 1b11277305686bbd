"""The load: runs the clients of a mix side by side, one thread each, and keeps the record of every request."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Sequence

from greenroom.domain.tally import Kind, Phase, Record, Tally, attribute, fold, merge
from greenroom.drivers.load.asks import asks
from greenroom.drivers.load.client import Client
from greenroom.drivers.load.mix import Address, Mix
from greenroom.drivers.load.wire import Dialer

LOSS_PAUSE_S = 0.02
"""A client pauses this long after a loss, so that a dead edge does not make it spin."""
_ABORT_S = 2.0


class LoadError(RuntimeError):
    """The load itself failed, for instance for want of free ports: what it saw proves nothing."""


class Pace:
    """Lets at most ``max_rate`` requests a second begin, over all clients; None means as fast as they can."""

    def __init__(self, max_rate: float | None, stopped: threading.Event) -> None:
        self._gap_s = 1 / max_rate if max_rate else 0.0
        self._stopped = stopped
        self._lock = threading.Lock()
        self._next = 0.0

    def take(self) -> bool:
        """Wait for one's turn; False when the load was stopped meanwhile."""
        if not self._gap_s:
            return not self._stopped.is_set()
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + self._gap_s
        return not self._stopped.wait(turn - now)


class Recorder:
    """Collects records from all threads until it is closed; folds each only once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: list[Record] = []
        self._folded = 0
        self._tally = Tally()
        self._closed = False

    def add(self, record: Record) -> None:
        """Keep the record, unless the recorder is closed."""
        with self._lock:
            if not self._closed:
                self._records.append(record)

    def close(self) -> None:
        """Ignore what comes from now on."""
        with self._lock:
            self._closed = True

    @property
    def records(self) -> tuple[Record, ...]:
        """All records so far, in the order of their ends."""
        with self._lock:
            return tuple(self._records)

    def tally(self) -> Tally:
        """The tally of all records so far; costs only the records since the last call."""
        with self._lock:
            fresh = self._records[self._folded :]
            self._folded = len(self._records)
            self._tally = merge(self._tally, fold(fresh))
            return self._tally


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
        self._mix, self._timeout_s = mix, timeout_s
        self._stopped = threading.Event()
        self._pace = Pace(max_rate, self._stopped)
        self._recorder = Recorder()
        self._broken: Exception | None = None
        dialer = Dialer(address)
        self._clients = [
            _client(kind, number, mix, address, dialer, timeout_s)
            for kind, count in mix.crew()
            for number in range(count)
        ]
        self._threads = [
            threading.Thread(target=self._run, args=(client,), name=f"load-{number}", daemon=True)
            for number, client in enumerate(self._clients)
        ]
        self._unfinished = 0

    @property
    def records(self) -> tuple[Record, ...]:
        """Every request that has ended so far, in the order of their ends."""
        return self._recorder.records

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
            raise LoadError(f"the load could not ask: {self._broken}") from self._broken
        tally = dataclasses.replace(
            self._recorder.tally(), notes=self._mix.notes(), unfinished=self._unfinished
        )
        return attribute(tally, phases) if phases else tally

    def stop(self, timeout: float | None = None, phases: Sequence[Phase] = ()) -> Tally:
        """Ask nothing new, wait up to ``timeout`` seconds for what is in flight, and return the tally.

        By default every request may take its own timeout. What is still in flight then is given up and counted
        as ``unfinished``, neither good nor lost. Raises LoadError when the load itself failed. May be repeated.
        """
        self._stopped.set()
        self._join(self._timeout_s + 1 if timeout is None else timeout)
        self._recorder.close()
        alive = [c for c, t in zip(self._clients, self._threads, strict=True) if t.is_alive()]
        self._unfinished = self._unfinished or len(alive)
        for client in alive:
            client.abort()
        self._join(_ABORT_S)
        return self.snapshot(phases)

    def _join(self, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(0.0, deadline - time.monotonic()))

    def _run(self, client: Client) -> None:
        try:
            while self._pace.take():
                record = client.ask()
                self._recorder.add(record)
                if record.lost:
                    self._stopped.wait(LOSS_PAUSE_S)
        except Exception as error:  # noqa: BLE001 - whatever it was, the proof is void
            # A client that dies silently would make a load that proves less than it claims.
            self._broken = self._broken or error
            self._stopped.set()
        finally:
            client.close()


def _client(kind: Kind, number: int, mix: Mix, address: Address, dialer: Dialer, timeout_s: float) -> Client:
    """Every second POST client, like all fresh ones, opens a connection for each request."""
    keep = kind is not Kind.FRESH and not (kind is Kind.POST and number % 2)
    endless = asks(kind, mix, address.authority, number)
    return Client(kind, endless, dialer, timeout_s, keep)
