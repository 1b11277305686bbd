"""The simulated machine's sockets and locks."""

from __future__ import annotations

import contextlib
import errno
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from greenroom.drivers.system.net import Answer
from greenroom.testing.machine.disk import SimulatedDisk
from greenroom.testing.machine.processes import SimulatedProcesses
from greenroom.testing.machine.scheduling import Scheduler

IDLE_SECONDS = 2.0
"""How long a listener sleeps at a time when no other code runs: nobody would notice more looks."""


@dataclass(eq=False)
class SimulatedCall:
    """A request on its way."""

    text: str
    reply: str | None = None

    def answer(self, text: str) -> None:
        self.reply = text


@dataclass(eq=False)
class SimulatedListener:
    """A queue of calls; ``pid`` is who answers."""

    pid: int
    scheduler: Scheduler
    calls: deque[SimulatedCall] = field(default_factory=deque)

    def next(self, timeout: float) -> SimulatedCall | None:
        if not self.calls:
            alone = len(self.scheduler.actors) == 1
            self.scheduler.sleep(IDLE_SECONDS if alone else timeout)
        return self.calls.popleft() if self.calls else None


Ask = Callable[[str, str], Answer]
"""(slot, path) -> what the app answers there. Raises OSError when nobody does."""
AskEdge = Callable[[], Answer | None]
"""One try through the edge; None when it must be tried again."""


class SimulatedNet:
    """See :class:`greenroom.drivers.system.machine.Net`."""

    def __init__(
        self,
        scheduler: Scheduler,
        processes: SimulatedProcesses,
        ask: Ask,
        ask_edge: AskEdge,
        in_flight: Callable[[str], int],
    ) -> None:
        self._scheduler = scheduler
        self._processes = processes
        self._ask = ask
        self._ask_edge = ask_edge
        self._in_flight = in_flight
        self._listeners: dict[str, SimulatedListener] = {}
        self.lossy = 0.0

    def ask_unix(self, socket: str, path: str, headers: Mapping[str, str], timeout: float) -> Answer:
        self._scheduler.sleep(0.01)
        answer = self._ask(slot_of(socket), path)
        self._maybe_lost()
        return answer

    def burst(self, socket: str, path: str, headers: Mapping[str, str], count: int) -> list[Answer | None]:
        answers: list[Answer | None] = []
        self._scheduler.sleep(0.02)
        for _ in range(count):
            try:
                answers.append(self._ask(slot_of(socket), path))
            except OSError:
                answers.append(None)
        return answers

    def ask_tls(
        self,
        name: str,
        port: int,
        path: str,
        ca_file: Path,
        timeout: float,
        address: str,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        until = self._scheduler.monotonic + timeout
        while self._scheduler.monotonic < until:
            self._scheduler.sleep(0.02)
            answer = self._ask_edge()
            if answer is not None:
                self._maybe_lost()
                return answer
        raise TimeoutError("no answer in time")

    def listens(self, address: str) -> bool:
        self._scheduler.step(f"connect {address[-40:]}")
        return not address or any(p.listening == address for p in self._processes.living)

    def in_flight(self, suffix: str) -> int:
        self._scheduler.step("look at what is in flight")
        return self._in_flight(slot_of(suffix))

    def call(self, socket: str, text: str, timeout: float) -> str:
        self._scheduler.step("call the supervisor")
        listener = self._listeners.get(socket)
        if listener is None or self._processes.identify(listener.pid) is None:
            raise ConnectionRefusedError(errno.ECONNREFUSED, "nobody listens")
        call = SimulatedCall(text)
        listener.calls.append(call)
        actor = self._scheduler.actor(listener.pid)
        if actor is not None:
            actor.wake = min(actor.wake, self._scheduler.monotonic)
        until = self._scheduler.monotonic + timeout
        while call.reply is None and self._scheduler.monotonic < until:
            if self._processes.identify(listener.pid) is None:
                raise ConnectionResetError(errno.ECONNRESET, "it died")
            self._scheduler.sleep(0.002)
        self._maybe_lost()
        if call.reply is None:
            raise TimeoutError("no answer in time")
        return call.reply

    @contextlib.contextmanager
    def serve(self, socket: str) -> Iterator[SimulatedListener]:
        listener = SimulatedListener(self._processes.own(), self._scheduler)
        self._listeners[socket] = listener
        try:
            yield listener
        finally:
            if self._listeners.get(socket) is listener:
                del self._listeners[socket]

    def _maybe_lost(self) -> None:
        if self.lossy and self._scheduler.rng.random() < self.lossy:
            raise TimeoutError("the answer was lost")


def slot_of(socket: str) -> str:
    """``.../slots/<slot>/web.sock`` -> the slot."""
    return socket.rsplit("/", 2)[-2]


@dataclass(eq=False)
class SimulatedTaken:
    """A lock held by a process."""

    locks: SimulatedLocks
    path: str
    pid: int

    def release(self) -> None:
        if self.locks.holders.get(self.path) == self.pid:
            del self.locks.holders[self.path]


class SimulatedLocks:
    """See :class:`greenroom.drivers.system.machine.Locks`."""

    def __init__(self, scheduler: Scheduler, processes: SimulatedProcesses, disk: SimulatedDisk) -> None:
        self._scheduler = scheduler
        self._processes = processes
        self._disk = disk
        self.holders: dict[str, int] = {}
        self.taken: Callable[[str, int], None] = lambda _path, _pid: None

    def take(self, path: Path, note: str) -> SimulatedTaken | None:
        self._scheduler.step(f"lock {path}")
        if not self.is_free(path):
            return None
        pid = self._processes.own()
        self.holders[str(path)] = pid
        self.taken(str(path), pid)
        self._disk.write_behind(path, b"")
        self._disk.replace_content(path, note.encode())
        return SimulatedTaken(self, str(path), pid)

    def is_free(self, path: Path) -> bool:
        holder = self.holders.get(str(path))
        return holder is None or self._processes.identify(holder) is None
