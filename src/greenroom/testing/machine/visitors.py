"""The public side of the simulated machine: an edge, and people who ask for pages all the time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from greenroom.domain.stage import release_of
from greenroom.drivers.local.edge_config import HOLD_SECONDS
from greenroom.drivers.local.layout import Layout
from greenroom.drivers.local.slots import HOLD
from greenroom.drivers.local.traffic_state import MAINTENANCE_PAGE
from greenroom.drivers.system.net import Answer
from greenroom.testing.machine.disk import SimulatedDisk
from greenroom.testing.machine.processes import Process, SimulatedProcesses
from greenroom.testing.machine.scheduling import Scheduler

EVERY_SECONDS = 0.25
AGAIN_SECONDS = 0.1
LONGEST_LOG = 400_000


@dataclass(eq=False, slots=True)
class Request:
    """Somebody's request. ``process`` is who has it; ``accepted``: taken out of the socket's queue."""

    began: float
    process: Process | None = None
    accepted: bool = False
    over: bool = False


@dataclass(frozen=True, slots=True)
class Lost:
    """A request without an answer, and why."""

    at: float
    why: str
    slot: str
    held: bool


class Edge:
    """Follows the ``live`` link for each request, holds those whose slot does not answer, writes the access log."""

    def __init__(
        self,
        scheduler: Scheduler,
        disk: SimulatedDisk,
        processes: SimulatedProcesses,
        layout: Layout,
        environment: str,
    ) -> None:
        self._scheduler = scheduler
        self._disk = disk
        self._processes = processes
        self._layout = layout
        self._environment = environment
        self._folder = layout.edge(environment)
        self._requests: list[Request] = []
        self.bad: set[str] = set()
        self.served = 0
        self._held_until = -1_000.0
        self.lost: list[Lost] = []

    def open(self) -> None:
        """People begin to come."""
        self._scheduler.at(self._scheduler.monotonic + EVERY_SECONDS, self._arrive)

    def in_flight(self, slot: str) -> int:
        """Requests that the slot's processes have, queued ones too."""
        return sum(1 for r in self._requests if r.process is not None and r.process.slot == slot)

    def live_slot(self) -> str | None:
        """Where the link leads."""
        target = self._disk.target(self._folder / "live")
        return target.rpartition("/")[2] if target else None

    def listener(self) -> Process | None:
        """The web process that the link leads to, if it listens."""
        target = self._disk.target(self._folder / "live")
        address = f"unix:{target}/web.sock"
        return next((p for p in self._processes.living if p.listening == address), None)

    def ask(self) -> Answer | None:
        """One try of Greenroom's own through the edge. Raises OSError when the edge is not there."""
        if not self._is_up():
            raise ConnectionRefusedError("no edge")
        if self._disk.exists(self._folder / MAINTENANCE_PAGE):
            return Answer(503, {}, "")
        process = self.listener()
        return Answer(200, {"x-release": process.slot}, "") if process else None

    def lose_all(self) -> None:
        """The power went; nobody counts what was in flight then."""
        self._requests.clear()

    def stops(self, process: Process) -> float:
        """It was asked to stop: what waits in its socket's queue is reset. The moment when the rest is done."""
        for request in self._of(process):
            if not request.accepted:
                self._lose(request, "queued in a socket that was closed")
        return self._scheduler.monotonic + (5.0 if self._of(process) else 0.0)

    def dies(self, process: Process) -> None:
        """It is gone, and with it what it had."""
        for request in self._of(process):
            self._lose(request, f"its process ended with {process.code}")

    def served_by(self) -> set[str]:
        """Slots that have a request now."""
        return {r.process.slot for r in self._requests if r.process is not None}

    def held_on_purpose(self, at: float) -> bool:
        """Was the public side on hold shortly before that moment?"""
        return at <= self._held_until

    def has_work(self, process: Process) -> bool:
        """Does it have a request?"""
        return bool(self._of(process))

    def _of(self, process: Process) -> list[Request]:
        return [r for r in self._requests if r.process is process]

    def _is_up(self) -> bool:
        return any(p.kind == "edge" and p.listening for p in self._processes.living)

    def _arrive(self) -> None:
        self.open()
        if not self._is_up() or self.live_slot() is None:
            return
        request = Request(self._scheduler.monotonic)
        self._requests.append(request)
        self._dial(request)

    def _dial(self, request: Request) -> None:
        if request.over:
            return
        now = self._scheduler.monotonic
        if self._disk.exists(self._folder / MAINTENANCE_PAGE):
            self._end(request)
            return
        process = self.listener()
        if (self.live_slot() or "").endswith(HOLD):
            self._held_until = now + HOLD_SECONDS
        if process is not None:
            request.process = process
            # Mostly a thread is free; now and then all of them are busy for a while.
            waits = self._scheduler.rng.choice([0.01, 0.05, 0.1, 0.1, 0.1, 2.0])
            self._scheduler.at(now + waits, lambda: self._accept(request))
        elif now - request.began >= HOLD_SECONDS:
            self._log("", 502, 0.0)
            self._lose(request, f"held for {HOLD_SECONDS} s", held=True)
        else:
            self._scheduler.at(now + AGAIN_SECONDS, lambda: self._dial(request))

    def _accept(self, request: Request) -> None:
        if request.over:
            return
        request.accepted = True
        lasts = self._scheduler.rng.choice([0.02, 0.05, 0.1, 0.3, 1.0, 4.0])
        self._scheduler.at(self._scheduler.monotonic + lasts, lambda: self._answer(request))

    def _answer(self, request: Request) -> None:
        if request.over or request.process is None:
            return
        release = release_of(request.process.slot)
        self._log(request.process.slot, 500 if release in self.bad else 200, 20.0)
        self.served += 1
        self._end(request)

    def _end(self, request: Request) -> None:
        request.over = True
        request.process = None
        self._requests.remove(request)

    def _lose(self, request: Request, why: str, held: bool = False) -> None:
        slot = request.process.slot if request.process else ""
        self.lost.append(Lost(self._scheduler.monotonic, why, slot, held))
        self._end(request)

    def _log(self, slot: str, status: int, upstream_ms: float) -> None:
        line = {"ts": self._scheduler.now, "environment": self._environment, "slot": slot, "status": status}
        text = json.dumps({**line, "upstream_ms": upstream_ms}) + "\n"
        log: Path = self._layout.access_log
        if (self._disk.size(log) or 0) > LONGEST_LOG:
            self._disk.replace_content(log, b"")
        self._disk.write_behind(log, text.encode())
