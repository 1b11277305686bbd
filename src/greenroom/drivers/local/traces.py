"""What an environment leaves in the state folder: logs, jobs, units, mail, the edge's folder, processes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from greenroom.domain.stage import environment_of
from greenroom.drivers.local.jobs import environment_of_job, is_job_of
from greenroom.drivers.local.layout import Layout
from greenroom.drivers.local.stage import slot_in
from greenroom.drivers.system.machine import Machine
from greenroom.ports import Presence, Values

MARK = "GREENROOM_UNIT"
"""Environment variable that every child of the supervisor carries: ``<state folder>/<unit>``."""

UNITS = ("units", "run", "logs", "jobs", "slots")
"""Folders in which every name begins with a unit's or a slot's."""


class Traces:
    """See :class:`greenroom.ports.Resource`. Whatever carries the environment's name and is nobody else's."""

    name = "files"

    def __init__(self, layout: Layout, machine: Machine) -> None:
        self._layout = layout
        self._disk = machine.disk
        self._processes = machine.processes

    def observe(self, environment: str) -> Presence:
        found = [path for path in self._found(environment) if not _is_lease(path)]
        return Presence(bool(found), f"{len(found)} files and folders")

    def ensure(self, environment: str) -> None:
        """Each part makes its own files."""

    def values(self, environment: str) -> Values:
        return {}

    def unreachable(self, environment: str) -> Values:
        return {}

    def remove(self, environment: str) -> None:
        for path in self._found(environment):
            if self._disk.is_folder(path) and self._disk.target(path) is None:
                self._disk.remove_tree(path)
            elif not _is_lease(path):
                self._disk.remove(path)

    def residue(self, environment: str) -> tuple[str, ...]:
        root = self._layout.root
        files = [str(p.relative_to(root)) for p in self._found(environment) if not _is_lease(p)]
        running = self._processes.marked(MARK, str(root))
        return (*files, *(f"process {pid} ({unit})" for pid, unit in running if _is_of(unit, environment)))

    def found(self) -> Mapping[str, str]:
        """See the port. A lock alone is nothing: whoever asks for a name makes it."""
        root, disk = self._layout.root, self._disk
        names = {name for name in disk.names(root / "edge") if disk.is_folder(root / "edge" / name)}
        units = [name for folder in UNITS for name in disk.names(root / folder)]
        units += [unit for _, unit in self._processes.marked(MARK, str(root))]
        names |= {owner for unit in units if (owner := _owner(unit))} | set(disk.names(root / "wake"))
        found = {name: self.residue(name) for name in sorted(names) if not name.startswith(".")}
        return {name: f"{len(left)} file(s) or process(es)" for name, left in found.items() if left}

    def _found(self, environment: str) -> Iterator[Path]:
        root = self._layout.root
        for folder in ("edge", "mail", "wake"):
            if self._disk.exists(root / folder / environment):
                yield root / folder / environment
        for folder in UNITS:
            for name in self._disk.names(root / folder):
                if _is_of(name, environment):
                    yield root / folder / name
        if self._disk.exists(self._layout.lease(environment)):
            yield self._layout.lease(environment)


def _is_lease(path: Path) -> bool:
    """Its holder removes it when all is done."""
    return path.parent.name == "leases"


def _owner(name: str) -> str | None:
    """The environment of a unit, of a file of one, or of a slot's folder."""
    slot = slot_in(name)
    return environment_of(slot) if slot is not None else environment_of_job(name)


def _is_of(name: str, environment: str) -> bool:
    """Does a unit, or a file of one, or a slot's folder belong to that environment?"""
    slot = slot_in(name)
    if slot is not None:
        return environment_of(slot) == environment
    return is_job_of(name, environment)
