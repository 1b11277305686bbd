"""Take away the tags that nobody needs; whoever is killed in between is followed by the next run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from greenroom.domain.events import note
from greenroom.domain.registry.names import leader_of
from greenroom.domain.registry.planning import Fate, InUse, Item, Plan, plan
from greenroom.domain.registry.seen import Broken, Repository
from greenroom.ports.registry import Shelf
from greenroom.services.registry.keeper import Keeper, check_read, in_use


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was decided, and done. ``removed`` and ``skipped``: as ``repository:tag``; a tag is skipped that has moved, or is needed, meanwhile."""

    plans: tuple[Plan, ...]
    applied: bool
    removed: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()

    @property
    def pending(self) -> bool:
        """Is something due that did not go?"""
        due = any(item.fate is not Fate.KEEP for one in self.plans for item in one.items)
        return due if not self.applied else any(i.fate is Fate.LATER for one in self.plans for i in one.items)

    def to_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "plans": [
                {"repository": one.repository, "items": [item.to_json() for item in one.items]}
                for one in self.plans
            ],
            "applied": self.applied,
            "removed": list(self.removed),
            "skipped": list(self.skipped),
        }


def prune(keeper: Keeper, apply: bool, most: int | None = None, broken: bool = False) -> Pruned:
    """Decide over every tag of the project's repositories, and with ``apply`` take away what is due, at most ``most`` tags.

    ``broken``: also tags whose manifest cannot be read. Raises ``in-use-unread``, ``registry-unread`` (exit 3) before
    anything is removed; the first answer of the registry that nobody expects ends the run.
    """
    used = in_use(keeper)
    seen = keeper.look(keeper.ours, used)
    if not broken:
        check_read(seen)
    plans = _plans(keeper, seen, used, keeper.pruning.most if most is None else most, broken)
    if not apply:
        return Pruned(plans, False)
    again = in_use(keeper)  # what came into use while the registry was read
    plans = tuple(_without(one, again) for one in plans)
    run = _Run(keeper, again, broken)
    for shelf, one in zip(keeper.ours, plans, strict=True):
        run.apply(shelf, one)
    keeper.record("pruned", {"removed": len(run.removed), "skipped": len(run.skipped)})
    return Pruned(plans, True, tuple(run.removed), tuple(run.skipped))


def _plans(
    keeper: Keeper, seen: tuple[Repository, ...], used: InUse, most: int, broken: bool
) -> tuple[Plan, ...]:
    remembered, now = keeper.remember(seen), keeper.clock.now()
    found = []
    for one in seen:
        pruning = replace(keeper.pruning, most=max(0, most))
        found.append(plan(one, used, remembered.of(one), pruning, now, broken))
        most -= len(found[-1].going)
    return tuple(found)


def _without(one: Plan, used: InUse) -> Plan:
    """The plan without what has come into use since."""

    def kept(item: Item) -> Item:
        why = used.tags.get(item.tag) or used.digests.get(item.digest) or used.built(item.tag)
        return replace(item, fate=Fate.KEEP, reason=why) if why and item.fate.goes else item

    return replace(one, items=tuple(map(kept, one.items)))


@dataclass(frozen=True, slots=True)
class _Run:
    """What is removed, tag after tag."""

    keeper: Keeper
    used: InUse
    broken: bool
    removed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def apply(self, shelf: Shelf, one: Plan) -> None:
        """Tags that go with another manifest go last, after another look: it may have got a tag meanwhile."""
        behind = {item.tag for item in one.going if leader_of(item.tag)}
        self._remove(shelf, [item for item in one.going if item.tag not in behind])
        if behind:
            fresh = self.keeper.look([shelf], self.used)
            if not self.broken:
                check_read(fresh)
            (now,) = _plans(self.keeper, fresh, self.used, len(fresh[0].tags), self.broken)
            still = [item for item in now.going if item.tag in behind]
            self._skip(shelf, behind - {item.tag for item in still})
            self._remove(shelf, still)

    def _remove(self, shelf: Shelf, items: Sequence[Item]) -> None:
        for item in items:
            if not _as_planned(shelf, item):
                self._skip(shelf, [item.tag])
                continue
            shelf.untag(item.tag)
            self.removed.append(f"{shelf.name}:{item.tag}")
            self.keeper.emit(note(f"{self.removed[-1]} goes: {item.reason}"))
        shelf.finish()

    def _skip(self, shelf: Shelf, tags: Iterable[str]) -> None:
        for tag in sorted(tags):
            self.skipped.append(f"{shelf.name}:{tag}")
            self.keeper.emit(
                note(f"{self.skipped[-1]} stays: the registry has changed since it was looked at")
            )


def _as_planned(shelf: Shelf, item: Item) -> bool:
    """Is the tag still what the plan saw? Asked just before it goes."""
    if item.digest:
        return shelf.digest_of(item.tag) == item.digest
    return isinstance(shelf.read(item.tag), Broken)
