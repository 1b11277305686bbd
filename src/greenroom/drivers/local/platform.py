"""The parts of the local target itself: object store, database server, edge; started and stopped in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.drivers.asking.causes import probable_cause
from greenroom.drivers.local.control import Control
from greenroom.drivers.local.layout import Layout
from greenroom.drivers.local.lease import LocalLease
from greenroom.drivers.local.logs import tail
from greenroom.drivers.local.units import Unit, Units
from greenroom.drivers.system.machine import Machine
from greenroom.ports import Part

START_SECONDS = 60.0
PLATFORM_LEASE = "_platform"
STOP_SECONDS = 120.0
MOST_TRIES = 5
"""So many supervisors may die while they stop everything."""


@dataclass(frozen=True, slots=True)
class Service:
    """A part: its unit, and ``prepare``, which makes what must be there before it starts.

    ``check`` raises when it could not start anyway; it is asked before anything is started.
    """

    unit: Unit
    prepare: Callable[[], None]
    check: Callable[[], None] = lambda: None


class LocalPlatform:
    """See :class:`greenroom.ports.Platform`. ``services`` gives the parts, in the order of their preparation.

    ``first`` is called before any part is started or brought to this version.
    """

    def __init__(
        self,
        layout: Layout,
        control: Control,
        machine: Machine,
        services: Callable[[], Sequence[Service]],
        first: Callable[[], None] = lambda: None,
    ) -> None:
        self._layout = layout
        self._machine = machine
        self._disk = machine.disk
        self._control = control
        self._services = services
        self._first = first
        self._units = Units(layout.units, layout.run, machine)

    def start(self) -> None:
        """One command at a time: those of other environments may ask for the same."""
        lease = LocalLease(self._layout.lease(PLATFORM_LEASE), self._machine)
        with lease.hold("the start of the platform", START_SECONDS * 2):
            self._start_all()

    def _start_all(self) -> None:
        services = tuple(self._services())
        for service in services:
            if not self._units.is_running(service.unit.name):
                service.check()
        self._first()
        self._control.upgrade()
        for service in services:
            self._start(service)
        missing = self._control.wait_running([s.unit.name for s in services], START_SECONDS)
        if missing:
            raise self._does_not_start(missing[0])

    def _start(self, service: Service) -> None:
        name = service.unit.name
        known = self._units.get(name)
        if known == service.unit and self._units.is_running(name):
            return
        service.prepare()
        self._units.put(service.unit)
        if known is not None and known != service.unit:
            self._control.ask("restart", name)
        self._control.poke()

    def stop(self) -> None:
        self._control.down(STOP_SECONDS)
        for _ in range(MOST_TRIES):
            if not self._anything_runs():
                return
            # Whoever was to stop it has been killed.
            self._control.start()
            self._control.down(STOP_SECONDS)
        raise GreenroomError("does-not-stop", "not everything stopped", "greenroom down", Exit.UNSAFE)

    def _anything_runs(self) -> bool:
        return any(self._units.is_running(name) for name in self._units.records())

    def parts(self) -> tuple[Part, ...]:
        states = self._control.states()
        listed = [
            Part(name, s["state"], s["since"] or None, s["restarts"], f"pid {s['pid']}" if s["pid"] else "")
            for name, s in sorted(states.items())
        ]
        supervisor = Part("supervisor", "running" if states else "stopped")
        return (supervisor, *listed)

    def wake(self) -> None:
        self._control.poke()

    def _does_not_start(self, name: str) -> GreenroomError:
        lines = tail(self._layout.log(name), 30, self._disk)
        cause = probable_cause(lines)
        return GreenroomError(
            "does-not-start",
            f"{name} does not start" + (f": {cause}" if cause else ""),
            f"greenroom logs {name}",
            details="\n".join(lines),
        )
