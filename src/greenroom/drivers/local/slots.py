"""Slots as folders: what the doors and the supervisor both read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

from greenroom.domain.stage import Slot, environment_of
from greenroom.drivers.local.layout import Layout
from greenroom.drivers.local.units import Units
from greenroom.drivers.system.files import read_json, write_json, write_whole
from greenroom.drivers.system.machine import Machine
from greenroom.drivers.system.shape import shaped
from greenroom.ports import StageSeen

HOLD = ".hold"
"""Suffix of the folder that the edge is pointed to while requests are held: the slot without its socket."""


def web_unit(slot: str) -> str:
    """The unit that serves a slot."""
    return f"web-{slot}"


class Slots:
    """The slots folder. ``slot.json`` is written last and removed first: without it a folder is rubbish."""

    def __init__(self, layout: Layout, units: Units, machine: Machine) -> None:
        self._layout = layout
        self._units = units
        self._disk = machine.disk

    def every(self) -> dict[str, StageSeen]:
        """What is there now in each environment that has a slot or a folder at the edge; every slot is read once."""
        edge = self._layout.root / "edge"
        folders = {name for name in self._disk.names(edge) if self._disk.is_folder(edge / name)}
        all_of_them = self._all()
        names = sorted(folders | {s.environment for s in all_of_them})
        return {name: self._seen(name, all_of_them) for name in names}

    def observe(self, environment: str) -> StageSeen:
        """What is there now."""
        return self._seen(environment, self._all())

    def _seen(self, environment: str, all_of_them: tuple[Slot, ...]) -> StageSeen:
        mine = tuple(s for s in all_of_them if s.environment == environment)
        return StageSeen(
            slots=mine,
            up=frozenset(s.id for s in mine if self._units.is_running(web_unit(s.id))),
            working=frozenset(s.id for s in mine if self._disk.exists(self._working(s.id))),
            next_number=self._counter(all_of_them) + 1,
        )

    def releases(self) -> frozenset[str]:
        """Releases that a slot of any environment runs."""
        return frozenset(s.release for s in self._all())

    def get(self, slot: str) -> Slot | None:
        """One slot."""
        file = self._record(slot)
        data = read_json(file, self._disk)
        return None if data is None else shaped(Slot, data, file)

    def create(self, slot: Slot, static: Path) -> Path:
        """Make the slot's folder; ``static`` is the release's folder of static files.

        All of it is durable on return: a link to the slot must never outlive the slot.
        """
        number = max(slot.number, self._counter(self._all()))
        write_whole(self._layout.slots / "counter", f"{number}\n", disk=self._disk)
        folder = self._layout.slots / slot.id
        self._disk.remove_tree(folder)
        self._disk.make_folder(folder / "prometheus")
        self._disk.link(folder / "static", str(static))
        self._disk.create(folder / "slot", slot.id.encode())
        self._disk.sync(folder / "slot")
        write_json(self._record(slot.id), asdict(slot), disk=self._disk)
        self._disk.sync_folder(self._layout.slots)
        return folder

    def amend(self, slot: str, **deadlines: float | str | None) -> None:
        """Change deadlines, durably."""
        there = self.get(slot)
        if there is not None:
            changed = replace(there, **deadlines)  # type: ignore[arg-type]
            write_json(self._record(slot), asdict(changed), disk=self._disk)

    def remove(self, slot: str) -> None:
        """Remove the slot's folder and its hold folder."""
        self._disk.remove(self._record(slot))
        for name in (slot, slot + HOLD):
            self._disk.remove_tree(self._layout.slots / name)

    def set_working(self, environment: str, slot: str | None) -> None:
        """Note whose workers run in the environment, durably."""
        for other in self.observe(environment).slots:
            if other.id != slot and self._disk.exists(self._working(other.id)):
                self._disk.remove(self._working(other.id))
                self._disk.sync_folder(self._working(other.id).parent)
        if slot is not None:
            self._disk.create(self._working(slot), b"")
            self._disk.sync_folder(self._working(slot).parent)

    def sweep(self, environment: str) -> None:
        """Remove the environment's folders whose making or removal was cut short."""
        for name in self._folders():
            mine = environment_of(name.removesuffix(HOLD)) == environment
            if mine and not self._disk.exists(self._record(name.removesuffix(HOLD))):
                self._disk.remove_tree(self._layout.slots / name)

    def _record(self, slot: str) -> Path:
        return self._layout.slots / slot / "slot.json"

    def _folders(self) -> Iterator[str]:
        slots = self._layout.slots
        return (name for name in self._disk.names(slots) if self._disk.is_folder(slots / name))

    def _working(self, slot: str) -> Path:
        return self._layout.slots / slot / "workers"

    def _all(self) -> tuple[Slot, ...]:
        found = [slot for name in self._folders() if (slot := self.get(name)) is not None]
        return tuple(sorted(found, key=lambda s: s.number))

    def _counter(self, all_of_them: tuple[Slot, ...]) -> int:
        """A counter that is damaged or gone is made good by the slots that there are."""
        try:
            counted = int(self._disk.read(self._layout.slots / "counter"))
        except (FileNotFoundError, ValueError):
            counted = 0
        return max([counted, *(s.number for s in all_of_them)])
