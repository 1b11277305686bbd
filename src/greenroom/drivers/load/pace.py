"""When requests begin, and what became of them: the two things that all clients of a load share."""

from __future__ import annotations

import threading
import time

from greenroom.domain.tally import Record, Tally, fold, merge

LOSS_PAUSE_S = 0.02
"""A client pauses this long after a loss, so that a dead edge does not make it spin."""


class Pace:
    """Lets at most ``max_rate`` requests a second begin, over all clients; None means as fast as they can."""

    def __init__(self, max_rate: float | None, stopped: threading.Event) -> None:
        self._gap_s = 1 / max_rate if max_rate else 0.0
        self.stopped = stopped
        self._lock = threading.Lock()
        self._next = 0.0

    def turn(self) -> float:
        """Book one's turn: the moment (monotonic seconds) from which the request may begin."""
        with self._lock:
            turn = max(time.monotonic(), self._next)
            self._next = turn + self._gap_s
        return turn

    def take(self) -> bool:
        """Wait for one's turn; False when the load was stopped meanwhile."""
        return not self.stopped.wait(max(0.0, self.turn() - time.monotonic()))


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

    def since(self, moment_s: float) -> tuple[Record, ...]:
        """The records of requests that ended after that moment (monotonic seconds), costing no more than those."""
        slack_s = 1.0  # a thread may be late to hand in its record
        found: list[Record] = []
        with self._lock:
            for record in reversed(self._records):
                if record.end_s < moment_s - slack_s:
                    break
                found.append(record)
        return tuple(record for record in reversed(found) if record.end_s >= moment_s)

    def tally(self) -> Tally:
        """The tally of all records so far; costs only the records since the last call."""
        with self._lock:
            fresh = self._records[self._folded :]
            self._folded = len(self._records)
            self._tally = merge(self._tally, fold(fresh))
            return self._tally
