"""One HTTP/1.1 client at its load's pace."""

from __future__ import annotations

import threading

from greenroom.drivers.load.client import Client
from greenroom.drivers.load.pace import LOSS_PAUSE_S, Pace, Recorder


class Single:
    """Asks one request after the other; begins after ``first_s`` and rests ``rest_s`` seconds after each."""

    def __init__(
        self, client: Client, pace: Pace, recorder: Recorder, first_s: float = 0.0, rest_s: float = 0.0
    ) -> None:
        self._client, self._pace, self._recorder = client, pace, recorder
        self._first_s, self._rest_s = first_s, rest_s
        self._asking = threading.Event()
        self.note: str | None = None

    @property
    def in_flight(self) -> int:
        """1 while a request waits for its answer."""
        return int(self._asking.is_set())

    def run(self) -> None:
        """Ask until the pace says stop."""
        try:
            self._pace.stopped.wait(self._first_s)
            while self._pace.take():
                self._asking.set()
                record = self._client.ask()
                self._recorder.add(record)
                self._asking.clear()
                self._pace.stopped.wait(LOSS_PAUSE_S if record.lost else self._rest_s)
        finally:
            self._client.close()

    def abort(self) -> None:
        """End the request in flight, from another thread."""
        self._client.abort()
