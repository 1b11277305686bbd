"""One supervisor per project: makes what runs equal to the unit files, and does due work when nobody else does.

Started detached by the command (``python -m greenroom.drivers.local.supervisor``). After its own death the next one
adopts the running children, which are nobody's business but theirs: they write to files, not to pipes.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from greenroom import __version__
from greenroom.domain.errors import GreenroomError
from greenroom.drivers.local.children import Child
from greenroom.drivers.local.due_check import DueCheck
from greenroom.drivers.local.layout import Layout, open_layout
from greenroom.drivers.local.lease import FileLock
from greenroom.drivers.local.logs import keep_quota
from greenroom.drivers.local.revival import Duty, begin, end, kept
from greenroom.drivers.local.schedule import is_due
from greenroom.drivers.local.units import Kind, Running, Unit, Units
from greenroom.drivers.system.machine import Call, Listener, Machine
from greenroom.drivers.system.real import this_machine
from greenroom.drivers.system.saying import say

TICK_SECONDS = 0.1
TROUBLE_SECONDS = 0.5
"""Pause after the machine refused something."""

READY_PATIENCE = 30.0
"""Seconds that later units wait for an earlier one to answer before they start anyway."""

MARK = "GREENROOM_UNIT"
"""Environment variable that every child carries: ``<state folder>/<unit>``."""


class Supervisor:
    """The loop. ``due_command`` is run when there is due work and the lease is free."""

    def __init__(self, layout: Layout, machine: Machine, due_command: list[str]) -> None:
        self._layout = layout
        self._machine = machine
        self._units = Units(layout.units, layout.run, machine)
        self._clock = machine.clock
        self._children: dict[str, Child] = {}
        self._leaving: dict[str, Child] = {}
        self._due = DueCheck(layout, self._units, machine, due_command)
        self._stopping = False
        self._detach = False
        self._began = self._clock.monotonic()
        self._began_at = self._clock.now()
        self._next_quota = 0.0

    def run(self) -> None:
        """Until told to stop: adopt, then keep everything as the unit files say."""
        self._own_up()
        with self._machine.net.serve(self._layout.control) as listener:
            while not self._detach and not (self._stopping and not self._children and not self._leaving):
                self._survive(partial(self._hear, listener))
                self._survive(self.tick)

    def _survive(self, act: Callable[[], None]) -> None:
        """A full disk, a damaged file or a lack of descriptors must not end the one who keeps all running: it tries again."""
        try:
            act()
        except (OSError, GreenroomError) as error:
            say(str(error))
            self._clock.sleep(TROUBLE_SECONDS)

    def tick(self) -> None:
        """One pass: reap, compare with the files, start and stop."""
        now = self._clock.monotonic()
        self._compare(now)
        for name, child in list(self._leaving.items()):
            child.check(now)
            if child.pid is None:
                del self._leaving[name]
        for child in self._children.values():
            child.check(now)
        if self._stopping:
            self._stop_last(now)
        else:
            self._start_next(now)
            self._due.look(self._settled(now))
        if now >= self._next_quota:
            self._next_quota = now + 5.0
            keep_quota(self._layout.root / "logs", self._machine.disk)

    def _own_up(self) -> None:
        """Take on what an earlier supervisor started and was killed before it could record; end what nobody wants."""
        for pid, name in self._machine.processes.marked(MARK, str(self._layout.root)):
            recorded = self._units.recorded(name)
            known = self._machine.processes.identify(pid)
            if known is None or (recorded is not None and recorded.pid == known):
                continue
            unit = self._units.get(name)
            if unit is not None and unit.slot and not self._units.is_running(name):
                # It may serve the public by now: a slot's unit never changes, so it is what is wanted.
                self._units.record(name, Running(known, self._clock.now(), 0, unit.slot, unit.role))
            else:
                self._machine.processes.end(known, signal.SIGTERM, 5.0)

    def _compare(self, now: float) -> None:
        wanted = set() if self._stopping else self._units.names()
        for name in wanted - self._children.keys():
            if name not in self._leaving and (unit := self._units.get(name)) is not None:
                self._take_on(unit, now)
        if self._stopping:
            return
        for name in self._children.keys() - wanted:
            self._let_go(name, now)
        for name in self._units.records() - self._children.keys() - self._leaving.keys():
            self._end_stray(name, now)

    def _take_on(self, unit: Unit, now: float) -> None:
        child = self._child(unit)
        child.adopt(now)
        self._children[unit.name] = child

    def _child(self, unit: Unit) -> Child:
        mark = {MARK: f"{self._layout.root}/{unit.name}"}
        return Child(unit, self._units, self._machine, self._layout.log, mark)

    def _let_go(self, name: str, now: float) -> None:
        child = self._children.pop(name)
        child.stop(now)
        if child.pid is not None:
            self._leaving[name] = child

    def _end_stray(self, name: str, now: float) -> None:
        """It runs, but its unit file is gone: dropped while no supervisor lived."""
        stray = self._child(Unit(name, (), "/"))
        if stray.adopt(now):
            stray.stop(now)
            self._leaving[name] = stray

    def _start_next(self, now: float) -> None:
        for child in sorted(self._children.values(), key=lambda c: c.unit.order):
            if child.unit.kind is Kind.CRON and not self._is_due(child):
                continue
            if child.pid is None and not child.finished and now >= child.not_before:
                if self._waits_for_others(child, now):
                    return
                child.start(now)

    def _is_due(self, child: Child) -> bool:
        return is_due(child.unit.schedule, child.since or self._began_at, self._clock.now())

    def _waits_for_others(self, child: Child, now: float) -> bool:
        earlier = [c for c in self._children.values() if c.unit.order < child.unit.order]
        pending = [c for c in earlier if c.unit.kind is Kind.SERVICE and not (c.pid and c.was_ready)]
        return any(now - max(c.began, self._began) < READY_PATIENCE for c in pending)

    def _settled(self, now: float) -> bool:
        return (
            all(
                c.pid or c.finished or c.restarts or c.unit.kind is Kind.CRON for c in self._children.values()
            )
            and now - self._began > 1.0
        )

    def _stop_last(self, now: float) -> None:
        for name, child in list(self._children.items()):
            if child.pid is None:
                del self._children[name]
        if self._children:
            last = max(c.unit.order for c in self._children.values())
            for child in self._children.values():
                if child.unit.order == last:
                    child.stop(now)

    def _hear(self, listener: Listener) -> None:
        call = listener.next(TICK_SECONDS)
        if call is not None:
            self._serve(call)

    def _serve(self, call: Call) -> None:
        try:
            request = json.loads(call.text or "{}")
            answer = self._answer(str(request.get("op")), str(request.get("unit", "")))
        except (ValueError, AttributeError):
            answer = {"version": __version__, "error": "not a request"}
        call.answer(json.dumps(answer))

    def _answer(self, op: str, unit: str) -> dict[str, Any]:
        operations: dict[str, Callable[[], None]] = {
            "poke": self._poke,
            "down": self._set_stopping,
            "exit": self._set_detach,
            "restart": lambda: self._restart(unit),
            "status": lambda: None,
        }
        operations.get(op, lambda: None)()
        states = {
            name: {"state": c.state, "pid": c.pid, "since": c.since, "restarts": max(0, c.restarts)}
            for name, c in (*self._leaving.items(), *self._children.items())
        }
        going = self._stopping or self._detach
        return {"version": __version__, "units": states, "leaving": sorted(self._leaving), "going": going}

    def _poke(self) -> None:
        self._due.soon()
        self.tick()

    def _restart(self, unit: str) -> None:
        if unit in self._children:
            self._children[unit].stop(self._clock.monotonic())

    def _set_stopping(self) -> None:
        self._stopping = True

    def _set_detach(self) -> None:
        self._detach = True

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        """SIGTERM: stop everything in order, like ``greenroom down``."""
        del number, frame
        self._stopping = True


def main(arguments: list[str]) -> int:
    """``supervisor STATE RUNTIME-DIR-OR-DASH COMMAND...``: run unless another one does already."""
    root, runtime, due_command = Path(arguments[0]), arguments[1], arguments[2:]
    layout = open_layout(root, None if runtime == "-" else runtime)
    machine = this_machine()
    lock = FileLock(root / "supervisor.lock", machine)
    if not lock.try_take("supervisor"):
        return 0
    supervisor = Supervisor(layout, machine, due_command)
    signal.signal(signal.SIGTERM, supervisor.on_signal)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(OSError):  # no room for the word is no reason to supervise nothing
        begin(root, _duty(machine, arguments), machine.disk)
    supervisor.run()
    end(root, machine.disk)
    return 0


def _duty(machine: Machine, arguments: list[str]) -> Duty:
    processes = machine.processes
    own = processes.identify(processes.own())
    assert own is not None
    argv = (sys.executable, "-m", "greenroom.drivers.local.supervisor", *arguments)
    return Duty(__version__, own, argv, kept(processes.environment()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
