"""What a simulated process does, told from its command line and environment."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import dataclass, field

from greenroom.domain.stage import release_of
from greenroom.testing.machine.processes import Process, SimulatedProcesses
from greenroom.testing.machine.scheduling import Scheduler
from greenroom.testing.machine.visitors import Edge

SERVICES = ("postgres", "s3", "edge")
MARK = "GREENROOM_UNIT"


@dataclass(eq=False)
class Programs:
    """Starts programs. ``actors`` runs those whose code is real: (process) -> exit code."""

    scheduler: Scheduler
    edge: Edge
    actors: dict[str, Callable[[Process], int]]
    started: Callable[[Process], None]
    crashing: set[str] = field(default_factory=set)
    processes: SimulatedProcesses | None = None

    def start(self, process: Process) -> None:
        """Recognise it and let it begin."""
        process.kind = self._kind(process)
        process.slot = process.env.get("GREENROOM_SLOT", "")
        if process.kind in self.actors:
            self._act(process)
        elif process.kind == "web":
            self._serve(process)
        elif process.kind in SERVICES:
            self._listen(process, 0.2 + self.scheduler.rng.random())
            process.stop = lambda _number: self._end_at(process, 0.2, 0)
        else:
            process.stop = lambda _number: self._end_at(process, self.scheduler.rng.random() * 3, 0)
        self.started(process)

    def _kind(self, process: Process) -> str:
        if process.argv[0] in self.actors:
            return process.argv[0]
        if "greenroom.drivers.local.job_runner" in process.argv:
            return "job"
        if "gunicorn" in process.argv:
            return "web"
        unit = process.env.get(MARK, "").rpartition("/")[2]
        return unit if unit in SERVICES else "worker"

    def _act(self, process: Process) -> None:
        def run() -> int:
            return self.actors[process.kind](process)

        actor = self.scheduler.spawn(process.pid, process.kind, run, lambda code: self._finish(process, code))

        def interrupt(_number: int) -> None:
            actor.interrupt = True

        if process.kind in ("command", "due"):
            process.stop = interrupt  # SIGTERM ends a command like Ctrl-C

    def _serve(self, process: Process) -> None:
        release = release_of(process.slot)
        takes = 0.3 + self.scheduler.rng.random()
        if release in self.crashing:
            self._end_at(process, takes, 3)
            return
        self._listen(process, takes)
        process.ended.append(lambda: self.edge.dies(process))
        process.stop = lambda _number: self._stop_serving(process)

    def _stop_serving(self, process: Process) -> None:
        process.listening = ""
        self.edge.stops(process)
        self._end_when_done(process)

    def _end_when_done(self, process: Process) -> None:
        if not process.alive:
            return
        if self.edge.has_work(process):
            self.scheduler.at(self.scheduler.monotonic + 0.1, lambda: self._end_when_done(process))
        else:
            self._end_at(process, 0.2, 0)

    def _listen(self, process: Process, after: float) -> None:
        def ready() -> None:
            if process.alive and not process.stopping:
                process.listening = address(process)

        self.scheduler.at(self.scheduler.monotonic + after, ready)

    def _end_at(self, process: Process, after: float, code: int) -> None:
        self.scheduler.at(self.scheduler.monotonic + after, lambda: self._finish(process, code))

    def _finish(self, process: Process, code: int) -> None:
        assert self.processes is not None
        self.processes.finish(process, code)


def address(process: Process) -> str:
    """Where it listens once it is ready."""
    if process.kind == "web":
        return process.argv[process.argv.index("--bind") + 1]
    return {"postgres": "unix:/s/pg", "s3": "tcp:8333", "edge": "tcp:443"}[process.kind]


KILL = -int(signal.SIGKILL)
