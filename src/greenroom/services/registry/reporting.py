"""What lies in the registry, what holds it there, and how it grows."""

from __future__ import annotations

from greenroom.domain.errors import GreenroomError
from greenroom.domain.events import note
from greenroom.domain.registry import reporting
from greenroom.domain.registry.planning import InUse, Plan, plan
from greenroom.domain.registry.reporting import Report
from greenroom.domain.registry.seen import Repository
from greenroom.services.registry.keeper import Keeper, in_use


def report(keeper: Keeper, others: bool = False) -> Report:
    """``others``: also the repositories that are not the project's. What cannot be read is told and keeps nobody from the rest."""
    now = keeper.clock.now()
    used, known = _used(keeper)
    mine = keeper.look(keeper.ours, used)
    before = keeper.memory.read()
    total = reporting.total(mine, now)
    remembered = before.after(mine, now, total)
    keeper.memory.write(remembered)
    found = []
    for seen in mine:
        fates = plan(seen, used, remembered.of(seen), keeper.pruning, now)
        fates = fates if known else Plan(seen.name, (), fates.needed)
        found.append(reporting.about(seen, fates, remembered, keeper.pruning, now))
    theirs, unlisted = _theirs(keeper) if others else ((), "")
    found += [reporting.about(seen, None, remembered, keeper.pruning, now) for seen in theirs]
    last = before.totals[-1] if before.totals else None
    return Report(tuple(found), total, last, _missing(used, mine), unlisted)


def _used(keeper: Keeper) -> tuple[InUse, bool]:
    try:
        return in_use(keeper), True
    except GreenroomError as error:
        keeper.emit(note(f"{error.message}; so nobody can say what holds the images"))
        return InUse(), False


def _theirs(keeper: Keeper) -> tuple[tuple[Repository, ...], str]:
    mine = {shelf.name for shelf in keeper.ours}
    try:
        names = keeper.collector.repositories()
        return keeper.look([keeper.shelf(name) for name in names if name not in mine], InUse()), ""
    except GreenroomError as error:
        return (), error.message


def _missing(used: InUse, mine: tuple[Repository, ...]) -> dict[str, str]:
    """Digests that somebody uses and that no repository has."""
    there = {digest for seen in mine for digest in seen.manifests}
    return {digest: why for digest, why in used.digests.items() if digest not in there}
