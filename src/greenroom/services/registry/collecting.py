"""Free the bytes of what has no tag: with everything that is needed tagged before, and nobody pushing meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from greenroom.domain.errors import Exit, GreenroomError, refused
from greenroom.domain.events import note
from greenroom.domain.registry.names import held_tag
from greenroom.domain.registry.planning import InUse
from greenroom.domain.registry.seen import Repository
from greenroom.ports.registry import Answering, Shelf
from greenroom.services.registry.keeper import Keeper, check_read, in_use

PATIENCE = 60.0
"""Seconds in which a registry has stopped, or answers again."""

READ_ONLY_SECONDS = 10.0
"""In which a registry that was set to read only answers."""

ROUNDS = 3
"""So often the registry is looked at anew when somebody pushed meanwhile."""


@dataclass(frozen=True, slots=True)
class Collected:
    """``held``: manifests that got a tag, as ``repository@digest``. ``before`` and ``after``: bytes of all blobs on disk, None
    where nobody has said where they lie. ``by_itself``: why nothing is to be done. ``said``: the collector's last lines."""

    held: tuple[str, ...] = ()
    before: int | None = None
    after: int | None = None
    by_itself: str = ""
    said: str = ""
    applied: bool = False

    @property
    def freed(self) -> int | None:
        """Bytes."""
        return None if self.before is None or self.after is None else self.before - self.after

    def to_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return {**asdict(self), "freed": self.freed}


@dataclass(frozen=True, slots=True)
class _Bare:
    """A manifest that is needed and has no tag."""

    shelf: Shelf
    digest: str
    ours: bool


def collect(keeper: Keeper, apply: bool, everybody: bool = False) -> Collected:
    """Tag what is needed, stop the registry (or see that it is read only), collect, start it again.

    ``everybody``: also tag in repositories that are not the project's. Raises ``no-collector``, ``no-start`` (exit 2),
    ``collector-runs`` (exit 6), ``in-use-unread``, ``registry-unread``, ``bare-manifests``, ``registry-runs``, ``pushed-meanwhile`` (all before anything is collected), ``collection``.
    """
    if apply and keeper.collector.running():
        raise GreenroomError(
            "collector-runs",
            "a collection that was begun before still runs, and nothing may be pushed beside it",
            "wait for its end, then: greenroom registry gc --apply",
            Exit.LOCKED,
        )
    down = (Answering.STOPPED, Answering.AWAY)
    if apply and keeper.collector.stops and keeper.collector.answering() in down:
        keeper.emit(note("the registry does not run: starting it, in case a run before was killed"))
        _start(keeper)
    why = keeper.collector.by_itself()
    if why:
        return Collected(by_itself=why)
    if not apply:
        _, bare = _look(keeper, in_use(keeper))
        return Collected(tuple(f"{b.shelf.name}@{b.digest}" for b in bare), keeper.collector.size())
    keeper.collector.check()
    if not keeper.collector.stops:
        _check_quiet(keeper)
    held, needed, since = _hold(keeper, everybody)
    before = keeper.collector.size()
    said = _stopped(keeper, since, needed)
    _check_whole(keeper, needed)
    done = Collected(held, before, keeper.collector.size(), "", said, True)
    keeper.record("collected", {"freed": done.freed or 0, "held": len(held)})
    return done


def _hold(keeper: Keeper, everybody: bool) -> tuple[tuple[str, ...], dict[str, frozenset[str]], float]:
    """Until a look finds nothing bare: what got a tag, all that is needed by repository, and when that look began."""
    held: list[str] = []
    for _ in range(ROUNDS):
        since = keeper.clock.now()
        seen, bare = _look(keeper, in_use(keeper))
        theirs = [f"{one.shelf.name}@{one.digest}" for one in bare if not one.ours]
        if theirs and not everybody:
            raise refused(
                "bare-manifests",
                f"{len(theirs)} manifest(s) of repositories that are not this project's are needed and have no tag;"
                " the collector would take them",
                "give each of them a tag there, or let this do it: greenroom registry gc --everybody",
                "\n".join(theirs[:20]),
            )
        if not bare:
            return tuple(held), {one.name: frozenset(one.manifests) for one in seen}, since
        for one in bare:
            one.shelf.tag(one.digest, held_tag(one.digest))
            held.append(f"{one.shelf.name}@{one.digest}")
            keeper.emit(note(f"{held[-1]} has a tag now"))
    raise refused(
        "pushed-meanwhile", "the registry changes faster than it can be read", "try it when nobody pushes"
    )


def _look(keeper: Keeper, used: InUse) -> tuple[tuple[Repository, ...], list[_Bare]]:
    mine = {shelf.name for shelf in keeper.ours}
    listed = keeper.collector.repositories()
    names = [name for name in listed if name not in mine]
    shelves = (*keeper.ours, *map(keeper.shelf, names))
    seen = keeper.look(shelves, used)
    check_read(seen)
    hidden = [one.name for one in seen if one.manifests and one.name not in listed]
    if hidden:
        raise refused(
            "registry-unread",
            f"the list of the registry's repositories lacks {', '.join(hidden)}, so others may be hidden too",
            "say where its files lie: [registry] storage; or see why the list is not whole",
        )
    bare = [
        _Bare(shelf, digest, shelf.name in mine)
        for shelf, one in zip(shelves, seen, strict=True)
        for digest in _without_a_tag(one)
    ]
    return seen, bare


def _without_a_tag(seen: Repository) -> Sequence[str]:
    """Whatever was reached is needed: by a tag that is still there, or by somebody who uses it."""
    return sorted(set(seen.manifests) - set(seen.tags.values()))


def _check_unchanged(keeper: Keeper, since: float, needed: dict[str, frozenset[str]]) -> None:
    """Raise (exit 3) when somebody has pushed between the look and the end of pushes, or nobody can tell."""
    changed = keeper.collector.changed()
    if changed is None and not _is_read_only(keeper):
        raise refused(
            "pushes-unseen",
            "a registry that is stopped cannot be asked what was pushed just before",
            "say where its files lie: [registry] storage; or let [registry] stop set it to read only",
        )
    if changed is None:
        seen, bare = _look(keeper, in_use(keeper))
        pushed = bool(bare) or {one.name: frozenset(one.manifests) for one in seen} != needed
    else:
        pushed = changed > since
    if pushed:
        raise refused(
            "pushed-meanwhile", "somebody pushed just before the registry took no more", "do it again"
        )


def _is_read_only(keeper: Keeper) -> bool:
    """One that was told so may have to start anew for it."""
    until = keeper.clock.monotonic() + READ_ONLY_SECONDS
    while keeper.collector.answering() is not Answering.READ_ONLY:
        if keeper.clock.monotonic() >= until:
            return False
        keeper.clock.sleep(0.5)
    return True


def _stopped(keeper: Keeper, since: float, needed: dict[str, frozenset[str]]) -> str:
    """Collect while the registry takes nothing, and start it again whatever happens; the collector's last lines."""
    collector = keeper.collector
    touched = collector.stops
    try:
        if collector.stops:
            collector.stop()
        _check_quiet(keeper)
        touched = True  # also one that somebody set to read only must forget what it remembers of blobs
        _check_unchanged(keeper, since, needed)
        keeper.emit(note("the registry takes no pushes; collecting"))
        return collector.collect()
    finally:
        if touched:
            _start(keeper)


def _check_quiet(keeper: Keeper) -> None:
    """Raise (exit 3) unless it is proven that nobody can push."""
    stopped = keeper.collector.stops
    quiet = {Answering.READ_ONLY, Answering.STOPPED} | ({Answering.AWAY} if stopped else set())
    until = keeper.clock.monotonic() + (PATIENCE if stopped else 0.0)
    while (state := keeper.collector.answering()) not in quiet:
        if keeper.clock.monotonic() >= until:
            raise refused(
                "registry-runs",
                f"the registry is {state}: a collection beside it breaks what is pushed afterwards",
                "say how it is stopped and started: [registry] stop, start; or set it to read only",
            )
        keeper.clock.sleep(0.5)


def _start(keeper: Keeper) -> None:
    """Raises (exit 5) when it does not answer again."""
    keeper.collector.start()
    until = keeper.clock.monotonic() + PATIENCE
    while keeper.collector.answering() not in (Answering.WRITABLE, Answering.READ_ONLY):
        if keeper.clock.monotonic() >= until:
            raise GreenroomError(
                "registry-down",
                "the registry does not answer again",
                "look at its log, start it",
                Exit.UNSAFE,
            )
        keeper.clock.sleep(0.2)


def _check_whole(keeper: Keeper, needed: dict[str, frozenset[str]]) -> None:
    """Raise (exit 5) when the collector took something that is needed: it must be pushed again before somebody pulls it."""
    lost = []
    for name, digests in needed.items():
        there = keeper.shelf(name).look()
        lost += [f"{name}@{digest}" for digest in digests - set(there.manifests)]
    if lost:
        raise GreenroomError(
            "lost",
            f"the collector took {len(lost)} manifest(s) that are needed",
            "push them again",
            Exit.UNSAFE,
            "\n".join(sorted(lost)),
        )
