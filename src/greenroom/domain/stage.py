"""What is there now: slots, and the observation that every decision starts from."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from greenroom.domain.environment import PRODUCTION
from greenroom.domain.release import Release
from greenroom.domain.revisions import MayServe, Revision, RevisionGraph, may_serve


class Mode(StrEnum):
    """What the public gets: the live slot, a pause (requests wait), or the maintenance page."""

    OPEN = "open"
    HOLD = "hold"
    MAINTENANCE = "maintenance"


@dataclass(frozen=True, slots=True)
class Slot:
    """One launch of a release with one version of the configuration.

    All times are in seconds since the epoch. ``warm_until`` is set on a slot that has served and was replaced:
    until then it stays ready to serve again. ``watch_until`` is set on a slot that was switched to and has not
    been judged yet; ``switched_at`` and ``previous`` say when, and in whose place. At ``idle_at`` somebody must look
    whether anybody still asks for it, where environments sleep.
    """

    id: str
    environment: str
    release: str
    number: int
    config: str
    launched_at: float
    warm_until: float | None = None
    watch_until: float | None = None
    switched_at: float | None = None
    previous: str | None = None
    idle_at: float | None = None


def slot_id(release: str, number: int, environment: str = PRODUCTION) -> str:
    """``<12 hex of the release>-<n>``, n counted over the project; elsewhere ``<release>.<environment>-<n>``.

    The environment is part of the name, so two environments may bring the same release on stage at the same time.
    """
    place = "" if environment == PRODUCTION else f".{environment}"
    return f"{release}{place}-{number}"


def release_of(slot: str) -> str:
    """The release that a slot's name tells."""
    return slot.rpartition("-")[0].partition(".")[0]


def environment_of(slot: str) -> str:
    """The environment that a slot's name tells."""
    return slot.rpartition("-")[0].partition(".")[2] or PRODUCTION


def number_of(slot: str) -> int:
    """The number that a slot's name tells."""
    return int(slot.rpartition("-")[2])


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything a decision may depend on, read fresh.

    ``up``: slots whose web process runs; ``working``: slots whose workers and cron roles run. ``live``: the slot
    that the public reaches, None before the first switch. ``window``: the mode was set by a release's window,
    not by a person. ``heads``: revisions applied to the database, None when they were not or could not be read.
    ``releases``: every build that is known, oldest first. ``migrating``: a migration runs now, so that ``heads``
    may be others in a moment.
    """

    environment: str
    slots: tuple[Slot, ...] = ()
    up: frozenset[str] = frozenset()
    live: str | None = None
    mode: Mode = Mode.OPEN
    window: bool = False
    working: frozenset[str] = frozenset()
    heads: frozenset[str] | None = None
    releases: tuple[Release, ...] = field(default=())
    next_number: int = 1
    migrating: bool = False

    def slot(self, id: str | None) -> Slot | None:
        """The slot of that id, or None."""
        return next((s for s in self.slots if s.id == id), None)

    @property
    def live_slot(self) -> Slot | None:
        """The slot that the public reaches, or None."""
        return self.slot(self.live)

    @property
    def others(self) -> tuple[Slot, ...]:
        """Every slot but the live one, oldest first."""
        return tuple(sorted((s for s in self.slots if s.id != self.live), key=lambda s: s.number))

    @property
    def warm(self) -> tuple[Slot, ...]:
        """Slots that have served and stay ready, the latest one last."""
        return tuple(s for s in self.others if s.warm_until is not None and s.id in self.up)

    def release(self, id: str) -> Release | None:
        """The known build of that id, or None."""
        return next((r for r in self.releases if r.id == id), None)

    @property
    def newest_graph(self) -> RevisionGraph:
        """All revisions that any known release carries; the newest release's word on a revision counts."""
        known = {r.id: r for release in self.releases for r in release.revisions.revisions}
        return RevisionGraph(tuple(known.values()))

    def pending(self, release: Release) -> tuple[Revision, ...]:
        """The revisions that the release brings and the database has not."""
        return release.revisions.pending(self.heads or (), self.newest_graph)

    def may_serve(self, release_id: str) -> MayServe:
        """May that release serve on the schema as it is now?"""
        release = self.release(release_id)
        if release is None:
            return MayServe(False, f"release {release_id} is no longer on disk")
        return may_serve(release.revisions, self.heads, self.newest_graph)
