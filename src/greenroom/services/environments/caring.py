"""Due work of every environment in turn: what a schedule asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.events import note
from greenroom.services.environments.estate import Estate
from greenroom.services.environments.sleeping import due_work


@dataclass(frozen=True, slots=True)
class Care:
    """Environments by what became of their due work: ``done``, there was none (``idle``), somebody was at work there
    (``busy``), or it could not be done (``failed``, with why)."""

    done: tuple[str, ...] = ()
    idle: tuple[str, ...] = ()
    busy: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return {k: list(getattr(self, k)) for k in ("done", "idle", "busy", "failed")}


def care(estate: Estate) -> Care:
    """Do what is due in each environment that has a record; what fails in one does not keep the others from theirs."""
    found: dict[str, list[str]] = {"done": [], "idle": [], "busy": [], "failed": []}
    for record in estate.records.all():
        try:
            found["done" if due_work(estate.at(record)) else "idle"].append(record.name)
        except GreenroomError as error:
            estate.emit(note(f"{record.name}: {error.message}"))
            if error.exit is Exit.LOCKED:
                found["busy"].append(record.name)
            else:
                found["failed"].append(f"{record.name}: {error.message}")
    return Care(**{key: tuple(names) for key, names in found.items()})
