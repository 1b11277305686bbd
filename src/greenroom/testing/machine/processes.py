"""The simulated machine's processes: actors, whose code runs, and programs that only listen, answer and end."""

from __future__ import annotations

import errno
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from greenroom.drivers.system.proc import Pid
from greenroom.testing.machine.scheduling import Killed, Scheduler

Starter = Callable[["Process"], None]
"""Makes a process do what its command line says: listen after a while, or run as an actor."""


@dataclass(eq=False)
class Process:
    """One process. ``code``: None while it lives, negative for the signal that ended it."""

    pid: int
    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path
    log: Path
    started: int
    code: int | None = None
    kind: str = ""
    slot: str = ""
    listening: str = ""
    stopping: bool = False
    stop: Callable[[int], None] | None = None
    ended: list[Callable[[], None]] = field(default_factory=list)

    @property
    def alive(self) -> bool:
        """Does it live?"""
        return self.code is None

    def poll(self) -> int | None:
        """Its exit code once it has ended."""
        return self.code


class SimulatedProcesses:
    """See :class:`greenroom.drivers.system.machine.Processes`."""

    def __init__(self, scheduler: Scheduler, start: Starter) -> None:
        self._scheduler = scheduler
        self._start = start
        self._next = 100
        self._boot = 1
        self.table: dict[int, Process] = {}

    # The machine's side

    def add(self, argv: Sequence[str], env: Mapping[str, str], cwd: Path, log: Path) -> Process:
        """A new process, started."""
        self._next += 1
        started = int(self._scheduler.monotonic * 100)
        process = Process(self._next, tuple(argv), dict(env), cwd, log, started)
        self.table[process.pid] = process
        self._start(process)
        return process

    @property
    def living(self) -> list[Process]:
        """Every process that lives."""
        return [p for p in self.table.values() if p.alive]

    def finish(self, process: Process, code: int) -> None:
        """It has ended."""
        if not process.alive:
            return
        process.code = code
        process.listening = ""
        self._scheduler.kill(process.pid)
        for notify in process.ended:
            notify()
        if len(self.table) > 400:
            self.table = {pid: p for pid, p in self.table.items() if p.alive}

    def reboot(self) -> None:
        """Everything is gone."""
        for process in self.living:
            self.finish(process, -int(signal.SIGKILL))
        self.table.clear()
        self._boot += 1

    # The door

    def spawn(self, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path) -> Process:
        self._scheduler.step(f"spawn {' '.join(argv[:3])[-60:]}")
        if not argv:
            raise FileNotFoundError(errno.ENOENT, "no command")
        return self.add(argv, env, cwd, log)

    def environment(self) -> dict[str, str]:
        return {}

    def own(self) -> int:
        return self._scheduler.current.pid if self._scheduler.current else 1

    def boot(self) -> str:
        return f"boot-{self._boot}"

    def identify(self, pid: int) -> Pid | None:
        process = self.table.get(pid)
        return Pid(pid, process.started, self.boot()) if process is not None and process.alive else None

    def signal(self, pid: int, number: int) -> None:
        self._scheduler.step(f"signal {number} {pid}")
        process = self.table.get(pid)
        if process is None or not process.alive:
            return
        if number == signal.SIGKILL or process.stop is None:
            self._kill(process)
        elif not process.stopping:
            process.stopping = True
            process.stop(number)

    def kill_group(self, leader: int) -> None:
        self._scheduler.step(f"kill group {leader}")
        process = self.table.get(leader)
        if process is not None and process.alive:
            self._kill(process)

    def end(self, known: Pid, number: int, timeout: float) -> bool:
        self.signal(known.pid, number)
        until = self._scheduler.monotonic + timeout
        while self.identify(known.pid) == known and self._scheduler.monotonic < until:
            self._scheduler.sleep(0.05)
        gone = self.identify(known.pid) != known
        self.kill_group(known.pid)
        return gone

    def marked(self, variable: str, value: str) -> list[tuple[int, str]]:
        self._scheduler.step("look for marked processes")
        mark = f"{value}/"
        found = ((p.pid, p.env.get(variable, "")) for p in self.living)
        return [(pid, text.removeprefix(mark)) for pid, text in found if text.startswith(mark)]

    def _kill(self, process: Process) -> None:
        if self._scheduler.current is not None and self._scheduler.current.pid == process.pid:
            process.code = -int(signal.SIGKILL)
            self._scheduler.current.dead = True
            raise Killed
        self.finish(process, -int(signal.SIGKILL))
