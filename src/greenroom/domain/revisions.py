"""The revision graph: may this release serve on that schema?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    """What a schema revision does to the releases written before it.

    ``EXPAND``: they go on working. ``CONTRACT``: they may break. ``OFFLINE``: nobody may serve meanwhile.
    """

    EXPAND = "expand"
    CONTRACT = "contract"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class Revision:
    """One Alembic revision. ``declared`` is false when the file names no ``greenroom_phase``."""

    id: str
    parents: tuple[str, ...]
    phase: Phase
    declared: bool = True
    title: str = ""


@dataclass(frozen=True, slots=True)
class RevisionGraph:
    """All revisions that a release carries, in file order."""

    revisions: tuple[Revision, ...] = ()

    @property
    def ids(self) -> frozenset[str]:
        """Every revision's id."""
        return frozenset(r.id for r in self.revisions)

    @property
    def heads(self) -> frozenset[str]:
        """The revisions that no other one follows."""
        parents = {p for r in self.revisions for p in r.parents}
        return frozenset(r.id for r in self.revisions if r.id not in parents)

    def get(self, revision: str) -> Revision | None:
        """The revision of that id, or None."""
        return next((r for r in self.revisions if r.id == revision), None)

    def joined(self, newer: RevisionGraph) -> RevisionGraph:
        """Both graphs together; on a revision that both know, ``newer`` is believed."""
        return RevisionGraph(tuple({r.id: r for r in (*self.revisions, *newer.revisions)}.values()))

    def ancestors(self, of: Iterable[str]) -> frozenset[str]:
        """``of`` and everything before them, as far as this graph knows."""
        by_id = {r.id: r for r in self.revisions}
        seen: set[str] = set()
        todo = list(of)
        while todo:
            current = todo.pop()
            if current in seen:
                continue
            seen.add(current)
            if current in by_id:
                todo.extend(by_id[current].parents)
        return frozenset(seen)

    def pending(self, applied_heads: Iterable[str], newest: RevisionGraph) -> tuple[Revision, ...]:
        """The revisions that are still to apply on a schema with ``applied_heads``, in order.

        ``newest`` knows the revisions that this graph does not, and so what a head beyond it contains.
        """
        heads = tuple(applied_heads)
        applied = self.ancestors(heads) | newest.ancestors(heads)
        missing = [r for r in self.revisions if r.id not in applied]
        return tuple(_parents_first(missing))


def _parents_first(revisions: list[Revision]) -> list[Revision]:
    todo = {r.id: r for r in revisions}
    ordered: list[Revision] = []
    while todo:
        ready = [r for r in todo.values() if not any(p in todo for p in r.parents)]
        for revision in ready or list(todo.values()):
            ordered.append(todo.pop(revision.id))
    return ordered


@dataclass(frozen=True, slots=True)
class MayServe:
    """The answer to "may this release serve now?"; ``because`` is a sentence when the answer is no."""

    ok: bool
    because: str = ""


def may_serve(release: RevisionGraph, applied_heads: Iterable[str] | None, newest: RevisionGraph) -> MayServe:
    """May a release with this graph serve on a schema at ``applied_heads``?

    Yes iff every own head is applied and every applied revision beyond them is ``expand``. ``newest`` is the
    graph of the newest recorded release: it knows the revisions that this release does not.
    ``applied_heads`` None means that the schema could not be read: then the answer is no.
    """
    if applied_heads is None:
        return MayServe(False, "the database's revision could not be read")
    applied = newest.ancestors(applied_heads) | release.ancestors(applied_heads)
    missing = release.heads - applied
    if missing:
        return MayServe(False, f"the database lacks its revision {', '.join(sorted(missing))}")
    for beyond in sorted(applied - release.ids):
        known = newest.get(beyond)
        if known is None:
            return MayServe(False, f"the database is at revision {beyond}, which no recorded release knows")
        if known.phase is not Phase.EXPAND:
            return MayServe(False, f"the database has revision {beyond}, a {known.phase} revision beyond it")
    return MayServe(True)
