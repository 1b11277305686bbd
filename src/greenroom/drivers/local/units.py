"""Units: what should run, as files. The supervisor reads them; doors write and remove them."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path

from greenroom.drivers.system.files import read_json, write_json
from greenroom.drivers.system.machine import Machine
from greenroom.drivers.system.proc import Pid
from greenroom.drivers.system.shape import shaped

PARKED = ".json@"
"""Between a unit's name and its slot in the name of a parked unit's file."""


class Kind(StrEnum):
    """A service is kept running, a job runs once, a cron unit runs on its schedule."""

    SERVICE = "service"
    JOB = "job"
    CRON = "cron"


@dataclass(frozen=True, slots=True)
class Unit:
    """One thing to run.

    ``order``: lower ones start first and stop last. ``ready``: a ``unix:`` or ``tcp:`` address that answers once
    the unit is up (empty: at once). ``stop_timeout`` in seconds, then SIGKILL. ``slot``: the slot it belongs to.
    """

    name: str
    argv: tuple[str, ...]
    cwd: str
    env: dict[str, str] = field(default_factory=dict)
    kind: Kind = Kind.SERVICE
    order: int = 50
    ready: str = ""
    stop_signal: int = int(signal.SIGTERM)
    stop_timeout: float = 10.0
    schedule: str = ""
    slot: str = ""
    role: str = ""


@dataclass(frozen=True, slots=True)
class Running:
    """What the supervisor recorded when it last started a unit. ``since`` in seconds since the epoch.

    ``slot`` and ``role`` are the unit's: the process may outlive the unit's file.
    """

    pid: Pid
    since: float
    restarts: int = 0
    slot: str = ""
    role: str = ""


class Units:
    """The folder of unit files, and the supervisor's records of what it started."""

    def __init__(self, units: Path, run: Path, machine: Machine) -> None:
        self._units = units
        self._run = run
        self._machine = machine
        self._disk = machine.disk

    def put(self, unit: Unit) -> None:
        """Want a unit to run. The file is private: it holds the unit's environment."""
        write_json(self._units / f"{unit.name}.json", asdict(unit), disk=self._disk)

    def drop(self, name: str) -> None:
        """Want it to run no longer."""
        self._disk.remove(self._units / f"{name}.json")
        self._disk.sync_folder(self._units)

    def get(self, name: str) -> Unit | None:
        """The unit of that name."""
        file = self._units / f"{name}.json"
        data = read_json(file, self._disk)
        return None if data is None else shaped(Unit, data, file)

    def all(self) -> Iterator[Unit]:
        """Every unit, by order, then name."""
        found = [u for name in self.names() if (u := self.get(name))]
        return iter(sorted(found, key=lambda u: (u.order, u.name)))

    def names(self) -> set[str]:
        """The names of all units, their files unread."""
        return self._stems(self._units)

    def of_slots(self, slots: set[str], background: bool = False) -> list[str]:
        """Units of these slots that are wanted or still run, the background ones alone if so asked."""
        wanted = [(u.name, u.slot, u.role) for u in self.all()]
        records = ((name, self.recorded(name)) for name in self.records())
        running = [(name, r.slot, r.role) for name, r in records if r is not None]
        chosen = {name for name, slot, role in wanted + running if slot in slots and (role or not background)}
        return sorted(chosen)

    def park(self, unit: Unit) -> None:
        """Keep a unit ready to be wanted later: a slot's workers before its turn, or after it."""
        write_json(self._units / f"{unit.name}{PARKED}{unit.slot}", asdict(unit), disk=self._disk)

    def unpark(self, slot: str) -> None:
        """Want the parked units of a slot; they stay parked as well, for the next turn."""
        for file in self._parked(slot):
            data = read_json(file, self._disk)
            if data is not None:
                self.put(shaped(Unit, data, file))

    def drop_parked(self, slot: str) -> None:
        """Forget a slot's parked units."""
        for file in self._parked(slot):
            self._disk.remove(file)

    def _parked(self, slot: str) -> list[Path]:
        return [self._units / n for n in self._disk.names(self._units) if n.endswith(f"{PARKED}{slot}")]

    def _stems(self, folder: Path) -> set[str]:
        names = self._disk.names(folder)
        return {n.removesuffix(".json") for n in names if n.endswith(".json") and not n.startswith(".")}

    def record(self, name: str, running: Running) -> None:
        """Remember what was started."""
        write_json(self._run / f"{name}.json", asdict(running), disk=self._disk)

    def recorded(self, name: str) -> Running | None:
        """What was started last under that name, dead or alive."""
        file = self._run / f"{name}.json"
        data = read_json(file, self._disk)
        return None if data is None else shaped(Running, data, file)

    def forget(self, name: str) -> None:
        """Drop the record."""
        self._disk.remove(self._run / f"{name}.json")

    def records(self) -> set[str]:
        """Names that something was started under."""
        return self._stems(self._run)

    def is_running(self, name: str) -> bool:
        """Does its process live now?"""
        recorded = self.recorded(name)
        return recorded is not None and self._machine.alive(recorded.pid)
