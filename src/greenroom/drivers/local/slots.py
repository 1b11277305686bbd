"""Slots as folders: what the doors and the supervisor both read."""

from __future__ import annotations

import shutil
from dataclasses import asdict, replace
from pathlib import Path

from greenroom.domain.stage import Slot
from greenroom.drivers.local.layout import Layout
from greenroom.drivers.local.units import Units
from greenroom.drivers.system.files import read_json, write_json, write_whole
from greenroom.ports import StageSeen

HOLD = ".hold"
"""Suffix of the folder that the edge is pointed to while requests are held: the slot without its socket."""


def web_unit(slot: str) -> str:
    """The unit that serves a slot."""
    return f"web-{slot}"


class Slots:
    """The slots folder. ``slot.json`` is written last and removed first: without it a folder is rubbish."""

    def __init__(self, layout: Layout, units: Units) -> None:
        self._layout = layout
        self._units = units

    def environments(self) -> set[str]:
        """Environments that have a slot or a live link."""
        folders = {p.name for p in (self._layout.root / "edge").iterdir() if p.is_dir()}
        return folders | {s.environment for s in self._all()}

    def observe(self, environment: str) -> StageSeen:
        """What is there now."""
        mine = tuple(s for s in self._all() if s.environment == environment)
        return StageSeen(
            slots=mine,
            up=frozenset(s.id for s in mine if self._units.is_running(web_unit(s.id))),
            working=frozenset(s.id for s in mine if self._working(s.id).exists()),
            next_number=self._counter() + 1,
        )

    def get(self, slot: str) -> Slot | None:
        """One slot."""
        data = read_json(self._layout.slots / slot / "slot.json")
        return Slot(**data) if data else None

    def create(self, slot: Slot, static: Path) -> Path:
        """Make the slot's folder; ``static`` is the release's folder of static files."""
        write_whole(self._layout.slots / "counter", f"{max(slot.number, self._counter())}\n")
        folder = self._layout.slots / slot.id
        shutil.rmtree(folder, ignore_errors=True)
        for inside in (folder, folder / "prometheus"):
            inside.mkdir(mode=0o700)
        (folder / "static").symlink_to(static)
        (folder / "slot").write_text(slot.id)
        write_json(folder / "slot.json", asdict(slot))
        return folder

    def amend(self, slot: str, **deadlines: float | str | None) -> None:
        """Change deadlines, durably."""
        there = self.get(slot)
        if there is not None:
            changed = replace(there, **deadlines)  # type: ignore[arg-type]
            write_json(self._layout.slots / slot / "slot.json", asdict(changed))

    def remove(self, slot: str) -> None:
        """Remove the slot's folder and its hold folder."""
        (self._layout.slots / slot / "slot.json").unlink(missing_ok=True)
        for name in (slot, slot + HOLD):
            shutil.rmtree(self._layout.slots / name, ignore_errors=True)

    def set_working(self, slot: str | None) -> None:
        """Note whose workers run."""
        for other in self._all():
            if other.id != slot:
                self._working(other.id).unlink(missing_ok=True)
        if slot is not None:
            self._working(slot).touch()

    def sweep(self) -> None:
        """Remove folders whose making or removal was cut short."""
        for folder in self._layout.slots.iterdir():
            name = folder.name.removesuffix(HOLD)
            if folder.is_dir() and not (self._layout.slots / name / "slot.json").exists():
                shutil.rmtree(folder, ignore_errors=True)

    def _working(self, slot: str) -> Path:
        return self._layout.slots / slot / "workers"

    def _all(self) -> tuple[Slot, ...]:
        found = [self.get(p.parent.name) for p in self._layout.slots.glob("*/slot.json")]
        return tuple(sorted((s for s in found if s), key=lambda s: s.number))

    def _counter(self) -> int:
        try:
            counted = int((self._layout.slots / "counter").read_text())
        except (FileNotFoundError, ValueError):
            counted = 0
        return max([counted, *(s.number for s in self._all())])
