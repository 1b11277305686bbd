"""The supervisor's look for due work: cheap, from files alone; the work itself is done by a command."""

from __future__ import annotations

from greenroom.domain.due import may_be_due
from greenroom.domain.stage import Observation
from greenroom.drivers.local.jobs import migration_unit
from greenroom.drivers.local.layout import Layout
from greenroom.drivers.local.lease import FileLock
from greenroom.drivers.local.slots import Slots
from greenroom.drivers.local.traffic_state import observe_traffic
from greenroom.drivers.local.units import Units
from greenroom.drivers.system.machine import Child, Machine

LOOK_SECONDS = 1.0
MOST_SECONDS = 60.0


class DueCheck:
    """Runs the due command when something is due and nobody holds the lease; backs off when it fails."""

    def __init__(self, layout: Layout, units: Units, machine: Machine, command: list[str]) -> None:
        self._layout = layout
        self._machine = machine
        self._units = units
        self._slots = Slots(layout, units, machine)
        self._command = command
        self._next = 0.0
        self._pause = LOOK_SECONDS
        self._process: Child | None = None

    def soon(self) -> None:
        """Look again at the next tick."""
        self._next, self._pause = 0.0, LOOK_SECONDS

    def look(self, settled: bool) -> None:
        """Once a second at most; ``settled``: everything that should run has been started once."""
        clock = self._machine.clock
        now = clock.monotonic()
        if self._process is not None:
            self._reap()
        if self._process is not None or now < self._next or not settled:
            return
        self._next = now + self._pause
        lease = FileLock(self._layout.root / "lease.lock", self._machine)
        if lease.is_free() and self._anything(clock.now()):
            self._process = self._start()

    def _start(self) -> Child:
        processes, log = self._machine.processes, self._layout.log("due")
        env = processes.environment()
        return processes.spawn(self._command, cwd=self._layout.root, env=env, log=log)

    def _reap(self) -> None:
        assert self._process is not None
        code = self._process.poll()
        if code is not None:
            self._pause = LOOK_SECONDS if code in (0, 6) else min(MOST_SECONDS, self._pause * 2)
            self._process = None

    def _anything(self, now: float) -> bool:
        return any(may_be_due(self._observe(name), now) for name in self._slots.environments())

    def _observe(self, environment: str) -> Observation:
        stage = self._slots.observe(environment)
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
