"""Slots on a cluster: one ConfigMap each in the control namespace, with everything that its colour is rendered from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from greenroom.domain.stage import Slot
from greenroom.drivers.kubernetes.names import COLORS
from greenroom.drivers.kubernetes.store import Store
from greenroom.drivers.system.shape import shaped

KIND = "slot"
COUNTER = "slot-counter"
FLAGS = ("going", "working", "resting")


@dataclass(frozen=True, slots=True)
class Placed:
    """A slot and its place. ``snapshot``: what the chart renders its colour from. ``manifest`` and ``background``: what was
    rendered, kept word for word, so that another chart never restarts pods that serve. ``going``: it is being
    retired. ``working``: its workers and cron roles run. ``resting``: its environment is down, and nothing of it runs.
    """

    slot: Slot
    color: str
    snapshot: Mapping[str, Any] = field(default_factory=dict)
    manifest: str = ""
    background: str = ""
    going: bool = False
    working: bool = False
    resting: bool = False


class Slots:
    """Reads and writes them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def all(self, environment: str | None = None) -> tuple[Placed, ...]:
        """The slots of an environment, or of the whole project, oldest first."""
        found = [_placed(name, data) for name, data in self._store.all(KIND, environment).items()]
        return tuple(sorted(found, key=lambda p: p.slot.number))

    def get(self, slot: str) -> Placed | None:
        """One slot."""
        data = self._store.get(_name(slot))
        return None if data is None else _placed(_name(slot), data)

    def put(self, placed: Placed) -> None:
        """Keep it."""
        text = {"slot": json.dumps(asdict(placed.slot)), "snapshot": json.dumps(placed.snapshot)}
        flags = {flag: str(getattr(placed, flag)) for flag in FLAGS}
        kept = {"color": placed.color, "manifest": placed.manifest, "background": placed.background}
        self._store.put(KIND, _name(placed.slot.id), {**text, **flags, **kept}, placed.slot.environment)

    def amend(self, slot: str, **changes: Any) -> None:
        """Change what is known of the slot itself, if it is there."""
        placed = self.get(slot)
        if placed is not None:
            self.put(replace(placed, slot=replace(placed.slot, **changes)))

    def drop(self, slot: str) -> None:
        """Forget it."""
        self._store.drop(_name(slot))

    def next_number(self, every: tuple[Placed, ...]) -> int:
        """One more than the highest number that any slot of the project ever had; ``every``: those that there are."""
        counted = int((self._store.get(COUNTER) or {}).get("number", "0"))
        return max([counted, *(p.slot.number for p in every)]) + 1

    def count(self, number: int) -> None:
        """Remember that the number was given."""
        self._store.put("counter", COUNTER, {"number": str(number)})


def free_color(there: tuple[Placed, ...]) -> str | None:
    """A colour that no slot has; None when both are taken."""
    taken = {p.color for p in there}
    return next((color for color in COLORS if color not in taken), None)


def _name(slot: str) -> str:
    return f"slot-{slot}"


def _placed(name: str, data: Mapping[str, str]) -> Placed:
    file = Path(f"configmap/{name}")
    return Placed(
        shaped(Slot, json.loads(data["slot"]), file),
        data["color"],
        json.loads(data["snapshot"]),
        data.get("manifest", ""),
        data.get("background", ""),
        **{flag: data.get(flag) == "True" for flag in FLAGS},
    )
