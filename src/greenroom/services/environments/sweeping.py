"""Compare the environments that are there with the branches that should have one, and remove what is due."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from greenroom.domain.errors import GreenroomError
from greenroom.domain.events import note
from greenroom.domain.record import Record
from greenroom.domain.sweeping import BranchSeen, Verdict, beyond_now, judge
from greenroom.services.environments.estate import Estate
from greenroom.services.environments.removing import Receipt, destroy

PROJECT = "_project"
"""The ledger's word for entries that belong to no single environment."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """What was decided and done. ``unread``: why the forge could not be read; then nothing goes."""

    verdicts: tuple[Verdict, ...]
    applied: bool
    receipts: tuple[Receipt, ...] = ()
    failed: tuple[str, ...] = ()
    unread: str = ""
    first: bool = False

    @property
    def pending(self) -> bool:
        """Is something due that did not go?"""
        return any(v.goes for v in self.verdicts) and not self.applied

    def to_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "verdicts": [
                {"environment": v.name, "branch": v.owner, "goes": v.goes, "reason": v.reason}
                for v in self.verdicts
            ],
            "applied": self.applied,
            "receipts": [r.to_json() for r in self.receipts],
            "failed": list(self.failed),
            "unread": self.unread,
        }


def sweep(estate: Estate, apply: bool | None, wait: float = 0.0, cap: int | None = None) -> Sweep:
    """``apply`` None: only show what would go the first time in a project's life, and do it afterwards."""
    records = estate.records.all()
    seen, unread = _look(estate, records)
    records = tuple(_refreshed(estate, record, seen) for record in records)
    verdicts = judge(records, estate.rules, seen, estate.clock.now(), estate.cap if cap is None else cap)
    first = apply is None and not estate.ledger.entries(PROJECT, "sweep", last=1)
    applied = not first if apply is None else apply
    receipts: list[Receipt] = []
    failed: list[str] = []
    by_name = {record.name: record for record in records}
    for verdict in verdicts if applied else ():
        if verdict.goes:
            estate.emit(note(f"{verdict.name} goes: {verdict.reason}"))
            try:
                receipts.append(
                    destroy(estate.at(by_name[verdict.name]), wait, expected=by_name[verdict.name])
                )
            except GreenroomError as error:
                failed.append(f"{verdict.name}: {error.message}")
    gone = [r.environment for r in receipts]
    estate.ledger.append(PROJECT, "sweep", applied=applied, gone=gone, failed=failed, unread=unread)
    return Sweep(verdicts, applied, tuple(receipts), tuple(failed), unread, first)


def _look(estate: Estate, records: tuple[Record, ...]) -> tuple[Mapping[str, BranchSeen] | None, str]:
    """The branches of all records, or None and why they could not be read."""
    try:
        tips = estate.forge.branches()
        requests = estate.forge.requests()
        seen = {}
        for record in records:
            if record.owner:
                tip = tips.get(record.owner)
                seen[record.owner] = BranchSeen(
                    tip,
                    estate.forge.is_merged(tip) if tip else None,
                    estate.forge.is_merged(record.beyond) if tip and record.beyond else None,
                    tuple(r for r in requests if r.branch == record.owner),
                )
    except GreenroomError as error:
        return None, error.message
    return seen, ""


def _refreshed(estate: Estate, record: Record, seen: Mapping[str, BranchSeen] | None) -> Record:
    """Remember the last commit that was seen outside the target branch."""
    beyond = beyond_now(record, (seen or {}).get(record.owner))
    if beyond == record.beyond:
        return record
    try:
        with estate.at(record).lease.hold("sweep", 0.0):
            if estate.records.get(record.name) == record:
                return estate.change(record.name, beyond=beyond)
    except GreenroomError as error:
        estate.emit(note(f"{record.name} is not looked after now: {error.message}"))
    return record
