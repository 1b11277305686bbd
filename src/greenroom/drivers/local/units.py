"""Units: what should run, as files. The supervisor reads them; doors write and remove them."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from greenroom.drivers.system.files import fsync_folder, read_json, write_json
from greenroom.drivers.system.proc import Pid, alive


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
    """What the supervisor recorded when it last started a unit. ``since`` in seconds since the epoch."""

    pid: Pid
    since: float
    restarts: int = 0


class Units:
    """The folder of unit files, and the supervisor's records of what it started."""

    def __init__(self, units: Path, run: Path) -> None:
        self._units = units
        self._run = run

    def put(self, unit: Unit) -> None:
        """Want a unit to run. The file is private: it holds the unit's environment."""
        write_json(self._units / f"{unit.name}.json", asdict(unit))

    def drop(self, name: str) -> None:
        """Want it to run no longer."""
        (self._units / f"{name}.json").unlink(missing_ok=True)
        fsync_folder(self._units)

    def get(self, name: str) -> Unit | None:
        """The unit of that name."""
        data = read_json(self._units / f"{name}.json")
        return _unit(data) if data else None

    def all(self) -> Iterator[Unit]:
        """Every unit, by order, then name."""
        found = [
            u for f in self._units.glob("*.json") if not f.name.startswith(".") and (u := self.get(f.stem))
        ]
        return iter(sorted(found, key=lambda u: (u.order, u.name)))

    def names(self) -> set[str]:
        """The names of all units, their files unread."""
        return {f.stem for f in self._units.glob("*.json") if not f.name.startswith(".")}

    def park(self, unit: Unit) -> None:
        """Keep a unit ready to be wanted later: a slot's workers before its turn, or after it."""
        write_json(self._parked(unit.slot, unit.name), asdict(unit))

    def unpark(self, slot: str) -> None:
        """Want the parked units of a slot; they stay parked as well, for the next turn."""
        for file in self._units.glob(f"*.json@{slot}"):
            data = read_json(file)
            if data:
                self.put(_unit(data))

    def drop_parked(self, slot: str) -> None:
        """Forget a slot's parked units."""
        for file in self._units.glob(f"*.json@{slot}"):
            file.unlink(missing_ok=True)

    def _parked(self, slot: str, name: str) -> Path:
        return self._units / f"{name}.json@{slot}"

    def record(self, name: str, running: Running) -> None:
        """Remember what was started."""
        write_json(self._run / f"{name}.json", asdict(running))

    def recorded(self, name: str) -> Running | None:
        """What was started last under that name, dead or alive."""
        data = read_json(self._run / f"{name}.json")
        return Running(Pid(**data["pid"]), data["since"], data["restarts"]) if data else None

    def forget(self, name: str) -> None:
        """Drop the record."""
        (self._run / f"{name}.json").unlink(missing_ok=True)

    def records(self) -> set[str]:
        """Names that something was started under."""
        return {f.stem for f in self._run.glob("*.json") if not f.name.startswith(".")}

    def is_running(self, name: str) -> bool:
        """Does its process live now?"""
        recorded = self.recorded(name)
        return recorded is not None and alive(recorded.pid)


def _unit(data: dict[str, Any]) -> Unit:
    return Unit(**{**data, "argv": tuple(data["argv"]), "kind": Kind(data["kind"])})
