"""What an environment leaves in the state folder: logs, jobs, units, mail, the edge's folder, processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from greenroom.domain.stage import environment_of
from greenroom.drivers.local.jobs import is_job_of
from greenroom.drivers.local.layout import Layout
from greenroom.drivers.local.stage import slot_in
from greenroom.drivers.system.machine import Machine
from greenroom.ports import Presence, Values

MARK = "GREENROOM_UNIT"
"""Environment variable that every child of the supervisor carries: ``<state folder>/<unit>``."""


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

    def _found(self, environment: str) -> Iterator[Path]:
        root = self._layout.root
        for folder in ("edge", "mail", "wake"):
            if self._disk.exists(root / folder / environment):
                yield root / folder / environment
        for folder in ("units", "run", "logs", "jobs", "slots"):
            for name in self._disk.names(root / folder):
                if _is_of(name, environment):
                    yield root / folder / name
        if self._disk.exists(self._layout.lease(environment)):
            yield self._layout.lease(environment)


def _is_lease(path: Path) -> bool:
    """Its holder removes it when all is done."""
    return path.parent.name == "leases"


def _is_of(name: str, environment: str) -> bool:
    """Does a unit, or a file of one, or a slot's folder belong to that environment?"""
    slot = slot_in(name)
    if slot is not None:
        return environment_of(slot) == environment
    return is_job_of(name, environment)
