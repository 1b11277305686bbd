"""A sleeping environment: ask for its waking, and let those who asked wait for it."""

from __future__ import annotations

import json
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from greenroom.ports import Clock

WAIT_SECONDS = 55.0
LOOK_SECONDS = 0.05
MOST_WAITING = 32
"""Requests that wait for one environment; more are told to come back, so that others find a thread free."""
MOST_ALTOGETHER = 64
POKE_SECONDS = 2.0


class Waking:
    """``state`` is the state folder under its short path, where the supervisor's socket is."""

    def __init__(self, state: Path, clock: Clock) -> None:
        self._state, self._clock = state, clock
        self._lock = threading.Lock()
        self._waiting: Counter[str] = Counter()

    def asleep(self, environment: str) -> bool:
        """Does it sleep?"""
        return (self._edge(environment) / "asleep").exists()

    def awake(self, environment: str) -> bool:
        """Ask for the waking and wait; False when it does not come in time, or too many wait already."""
        self._ask(environment)
        with self._place(environment) as place:
            until = self._clock.monotonic() + (WAIT_SECONDS if place else 0.0)
            while not self._is_up(environment):
                if self._clock.monotonic() >= until:
                    return False
                self._clock.sleep(LOOK_SECONDS)
        return True

    def _is_up(self, environment: str) -> bool:
        return not self.asleep(environment) and (self._edge(environment) / "live" / "web.sock").exists()

    def _ask(self, environment: str) -> None:
        wish = self._state / "wake" / environment
        if wish.exists():
            return
        wish.parent.mkdir(mode=0o700, exist_ok=True)
        wish.touch(mode=0o600)
        with suppress(OSError), socket.socket(socket.AF_UNIX) as supervisor:
            supervisor.settimeout(POKE_SECONDS)
            supervisor.connect(str(self._state / "supervisor.sock"))
            supervisor.sendall(json.dumps({"op": "poke", "unit": ""}).encode() + b"\n")
            supervisor.recv(1)

    @contextmanager
    def _place(self, environment: str) -> Iterator[bool]:
        with self._lock:
            free = self._waiting[environment] < MOST_WAITING and self._waiting.total() < MOST_ALTOGETHER
            self._waiting[environment] += free
        try:
            yield free
        finally:
            with self._lock:
                self._waiting[environment] -= free

    def _edge(self, environment: str) -> Path:
        return self._state / "edge" / environment
