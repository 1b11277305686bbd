"""The supervisor's hands: start, adopt, stop and reap, one unit each."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from greenroom.drivers.local.units import Kind, Running, Unit, Units
from greenroom.drivers.system.machine import Child as Process
from greenroom.drivers.system.machine import Machine
from greenroom.drivers.system.proc import Pid

BACK_OFF_FIRST = 0.2
BACK_OFF_MOST = 30.0
STABLE_AFTER = 20.0
"""Seconds that a unit must have run for its back-off to start over."""


class LogPath(Protocol):
    """Where a unit's output goes."""

    def __call__(self, unit: str) -> Path:
        """The log file of that unit."""


class Child:
    """One unit's process: none, running (our child or adopted), or being stopped.

    ``since`` is in seconds since the epoch, for people and schedules; ``now`` everywhere else is the monotonic clock.
    """

    def __init__(
        self, unit: Unit, units: Units, machine: Machine, log: LogPath, mark: Mapping[str, str]
    ) -> None:
        self.unit = unit
        self._machine = machine
        self._mark = mark
        self.restarts = 0
        self.since = 0.0
        self.began = 0.0
        self.not_before = 0.0
        self.finished = False
        self.was_ready = False
        self._units = units
        self._log = log
        self._pid: Pid | None = None
        self._process: Process | None = None
        self._kill_at: float | None = None
        self._recorded = True

    @property
    def pid(self) -> int | None:
        """Its process id while it lives."""
        return self._pid.pid if self._pid else None

    @property
    def state(self) -> str:
        """One word for ``status``."""
        if self._pid is not None:
            if self._kill_at is not None:
                return "stopping"
            return "running" if self.was_ready else "starting"
        if self.finished:
            return "finished"
        return "waiting" if self.unit.kind is Kind.CRON or not self.restarts else "back-off"

    def adopt(self, now: float) -> bool:
        """Take over the process that an earlier supervisor started; false when it is gone."""
        recorded = self._units.recorded(self.unit.name)
        if recorded is None:
            return False
        if not self._machine.alive(recorded.pid):
            if recorded.pid.boot == self._machine.processes.boot():
                self._machine.processes.kill_group(recorded.pid.pid)
            self.finished = self.unit.kind is Kind.JOB
            self._units.forget(self.unit.name)
            return False
        self._pid, self.since, self.restarts = recorded.pid, recorded.since, recorded.restarts
        self.began = now
        return True

    def start(self, now: float) -> None:
        """Start the process; a failure counts as one that exited at once."""
        self.unit = unit = self._units.get(self.unit.name) or self.unit
        try:
            env = {**unit.env, **self._mark}
            process = self._machine.processes.spawn(
                unit.argv, cwd=Path(unit.cwd), env=env, log=self._log(unit.name)
            )
        except OSError as error:
            self._note(f"greenroom: cannot start {unit.argv[0]}: {error}\n")
            self._exited(now)
            return
        self._process, self._pid = process, self._machine.processes.identify(process.pid)
        self.since, self.began, self.was_ready = self._machine.clock.now(), now, not unit.ready
        self._recorded = False
        self._note_down()

    def _note_down(self) -> None:
        """Record what runs; on a full disk that is tried again until it works, for the process serves already."""
        if self._pid is not None and not self._recorded:
            running = Running(self._pid, self.since, self.restarts, self.unit.slot, self.unit.role)
            self._units.record(self.unit.name, running)
            self._recorded = True

    def check(self, now: float) -> None:
        """Reap it when it has gone, kill it when its time to stop is over, see whether it is ready."""
        if self._process is not None:
            self._process.poll()
        if self._pid is not None and not self._machine.alive(self._pid):
            self._exited(now)
        elif self._kill_at is not None and now >= self._kill_at and self._pid is not None:
            self._machine.processes.kill_group(self._pid.pid)
        elif self._pid is not None and not self.was_ready:
            self.was_ready = self._machine.net.listens(self.unit.ready)
        self._note_down()

    def stop(self, now: float) -> None:
        """Ask it to stop; after its time it is killed."""
        if self._pid is None or self._kill_at is not None:
            return
        self._kill_at = now + self.unit.stop_timeout
        self._machine.processes.signal(self._pid.pid, self.unit.stop_signal)

    def _exited(self, now: float) -> None:
        stable = self.began and now - self.began > STABLE_AFTER
        if self._pid is not None:
            self._machine.processes.kill_group(self._pid.pid)
        code = self._process.poll() if self._process else None
        if self._kill_at is None and self.unit.kind is Kind.SERVICE:
            self._note(f"greenroom: {self.unit.name} ended by itself (code {code}); starting it again\n")
        asked = self._kill_at is not None
        self._pid = self._process = self._kill_at = None
        self.was_ready = False
        self.finished = self.unit.kind is Kind.JOB
        if self.unit.kind is Kind.SERVICE and not asked:
            self.restarts = 1 if stable else self.restarts + 1
            self.not_before = now + min(BACK_OFF_MOST, BACK_OFF_FIRST * 2 ** (self.restarts - 1))
        self._units.forget(self.unit.name)

    def _note(self, text: str) -> None:
        with suppress(OSError):  # no room for a line is no reason to leave it dead
            self._machine.disk.append(self._log(self.unit.name), text.encode())
