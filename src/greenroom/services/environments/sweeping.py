"""Compare the environments that are there with the branches that should have one, and remove what is due."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from greenroom.domain.environment import PRODUCTION, Environment, TargetKind, Tier
from greenroom.domain.errors import GreenroomError
from greenroom.domain.events import note
from greenroom.domain.leftovers import Leftover, led_to, without_a_branch
from greenroom.domain.record import Record
from greenroom.domain.sweeping import BranchSeen, Verdict, beyond_now, judge
from greenroom.services.environments.estate import Estate
from greenroom.services.environments.removing import Receipt, destroy
from greenroom.services.telling import warned

PROJECT = "_project"
"""The ledger's word for entries that belong to no single environment."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """What was decided and done. ``unread``: why the forge could not be read; then nothing goes.

    ``orphans``: what was found of environments that have no record, by name. ``leftovers``: of earlier tools; shown only.
    """

    verdicts: tuple[Verdict, ...]
    applied: bool
    receipts: tuple[Receipt, ...] = ()
    failed: tuple[str, ...] = ()
    unread: str = ""
    first: bool = False
    orphans: Mapping[str, str] = field(default_factory=dict)
    applied_orphans: bool = False
    leftovers: tuple[Leftover, ...] = ()

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
            "orphans": dict(self.orphans),
            "leftovers": [one.to_json() for one in self.leftovers],
        }


def sweep(
    estate: Estate,
    apply: bool | None,
    wait: float = 0.0,
    cap: int | None = None,
    orphans: Callable[[Sequence[str]], object] | None = None,
) -> Sweep:
    """``apply`` None: only show what would go the first time in a project's life, and do it afterwards.

    ``orphans``: also remove what is found of environments that have no record; it is asked with their names first, and raises when
    they are to stay.
    """
    records = estate.records.all()
    seen, unread = _look(estate, records)
    records = tuple(_refreshed(estate, record, seen) for record in records)
    most = estate.cap if cap is None else cap
    verdicts = judge(records, estate.rules, seen, estate.clock.now(), most)
    first = apply is None and not estate.ledger.entries(PROJECT, "sweep", last=1)
    applied = not first if apply is None else apply
    found = _orphans(estate)
    without = [place for place, _ in found][: max(0, most - sum(v.goes for v in verdicts))]
    asked = bool(orphans and applied and not unread and without)
    if orphans and asked:
        orphans(tuple(dict.fromkeys(place.name for place in without)))
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
    for place in without if asked else ():
        try:
            receipts.append(destroy(estate.target(place), wait, absent=True))
        except GreenroomError as error:
            failed.append(f"{place.name}: {error.message}")
    strays = {
        name: ", ".join(what for place, what in found if place.name == name)
        for name in dict.fromkeys(place.name for place, _ in found)
    }
    gone = [r.environment for r in receipts]
    estate.ledger.append(PROJECT, "sweep", applied=applied, gone=gone, failed=failed, unread=unread)
    left = _leftovers(estate)
    if applied and not unread:
        warned(estate.emit, lambda: _unlist(estate))
    return Sweep(verdicts, applied, tuple(receipts), tuple(failed), unread, first, strays, asked, left)


def _unlist(estate: Estate) -> None:
    """Environments of branches that the forge lists and nobody has: their removal could not be told, or GitLab was away."""
    if estate.board is None:
        return
    alive = {*led_to(estate.rules, estate.forge.branches()), *(r.name for r in estate.records.all())}
    for host in sorted(estate.board.hosts()):
        for rule in estate.rules:
            name = host.removesuffix(f".{rule.domain}") if rule.per_branch else ""
            named = name and rule.environment(name).host == host
            if named and without_a_branch((rule,), alive, name) == name:
                estate.emit(note(f"the forge lists {name}, which is gone: it is taken off"))
                estate.board.forget(host)


def _leftovers(estate: Estate) -> tuple[Leftover, ...]:
    """Without the branches nobody knows which of them has gone: then no release counts as left over."""
    if estate.leftovers is None:
        return ()
    try:
        alive = {*led_to(estate.rules, estate.forge.branches()), *(r.name for r in estate.records.all())}
    except GreenroomError:
        return estate.leftovers.found(lambda _name: None)
    return estate.leftovers.found(lambda name: without_a_branch(estate.rules, alive, name))


def _orphans(estate: Estate) -> list[tuple[Environment, str]]:
    """What is there of environments that nobody has a record of and the project's file does not name, on every target that it
    names and on this machine.

    A resource that cannot be looked at is told, and left out.
    """
    known = {r.name for r in estate.records.all()} | {r.name for r in estate.rules if not r.per_branch}
    found: dict[tuple[str, TargetKind], list[str]] = {}
    for kind in sorted({TargetKind.LOCAL, *(rule.like.target for rule in estate.rules)}):
        for resource in estate.target(
            Environment(PRODUCTION, Tier.PRODUCTION, "", target=kind)
        ).doors.resources:
            try:
                for name, what in resource.found().items():
                    if name not in known:
                        found.setdefault((name, kind), []).append(what)
            except GreenroomError as error:
                estate.emit(note(f"nobody can say what is left of each {resource.name}: {error.message}"))
    return [
        (Environment(name, Tier.REVIEW, "", target=kind), ", ".join(what))
        for (name, kind), what in sorted(found.items())
    ]


def _look(estate: Estate, records: tuple[Record, ...]) -> tuple[Mapping[str, BranchSeen] | None, str]:
    """The branches of all records, or None and why they could not be read."""
    try:
        tips = estate.forge.branches()
        requests = estate.forge.requests({r.owner for r in records if r.owner in tips})
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
