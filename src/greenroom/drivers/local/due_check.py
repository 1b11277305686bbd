"""The supervisor's look for due work: cheap, from files alone; the work itself is done by a command."""

from __future__ import annotations

from dataclasses import dataclass

from greenroom.domain.due import may_be_due
from greenroom.domain.stage import Observation
from greenroom.drivers.local.jobs import migration_unit
from greenroom.drivers.local.layout import Layout
from greenroom.drivers.local.lease import FileLock
from greenroom.drivers.local.slots import Slots
from greenroom.drivers.local.traffic_state import observe_traffic
from greenroom.drivers.local.units import Units
from greenroom.drivers.system.machine import Child, Machine
from greenroom.ports import StageSeen

LOOK_SECONDS = 1.0
MOST_SECONDS = 60.0


@dataclass(slots=True)
class _Turn:
    """When an environment is looked at next, and how long the pause after a failure is by now (monotonic seconds)."""

    next: float = 0.0
    pause: float = LOOK_SECONDS


class DueCheck:
    """Runs the due command for an environment when something is due there and nobody holds its lease.

    One command at a time; an environment whose command fails is asked less and less often, the others are not.
    """

    def __init__(self, layout: Layout, units: Units, machine: Machine, command: list[str]) -> None:
        self._layout = layout
        self._machine = machine
        self._units = units
        self._slots = Slots(layout, units, machine)
        self._command = command
        self._next = 0.0
        self._turns: dict[str, _Turn] = {}
        self._process: Child | None = None
        self._about = ""

    def soon(self) -> None:
        """Look again at the next tick."""
        self._next = 0.0
        self._turns.clear()

    def look(self, settled: bool) -> None:
        """Once a second at most; ``settled``: everything that should run has been started once."""
        now = self._machine.clock.monotonic()
        if self._process is not None:
            self._reap(now)
        if self._process is not None or now < self._next or not settled:
            return
        self._next = now + LOOK_SECONDS
        every = self._slots.every()
        for environment in sorted(every, key=lambda e: self._turn(e).next):
            if now >= self._turn(environment).next and self._is_due(environment, every[environment]):
                self._about, self._process = environment, self._start(environment)
                return

    def _turn(self, environment: str) -> _Turn:
        return self._turns.setdefault(environment, _Turn())

    def _start(self, environment: str) -> Child:
        processes, log = self._machine.processes, self._layout.log("due")
        command = [*self._command, "-e", environment, "due"]
        return processes.spawn(command, cwd=self._layout.root, env=processes.environment(), log=log)

    def _reap(self, now: float) -> None:
        assert self._process is not None
        code = self._process.poll()
        if code is not None:
            turn = self._turn(self._about)
            turn.pause = LOOK_SECONDS if code in (0, 6) else min(MOST_SECONDS, turn.pause * 2)
            turn.next = now + turn.pause
            self._process = None

    def _is_due(self, environment: str, stage: StageSeen) -> bool:
        if not FileLock(self._layout.lease(environment), self._machine).is_free():
            return False
        called = self._machine.disk.exists(self._layout.wake(environment))
        return called or may_be_due(self._observe(environment, stage), self._machine.clock.now())

    def _observe(self, environment: str, stage: StageSeen) -> Observation:
        traffic = observe_traffic(self._layout, environment, self._machine.disk)
        return Observation(
            environment,
            stage.slots,
            stage.up,
            traffic.live,
            traffic.mode,
            traffic.window,
            stage.working,
            next_number=stage.next_number,
            migrating=self._units.is_running(migration_unit(environment)),
        )
