"""Status and releases: what is there, for people and machines; changes nothing."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from greenroom.domain.release import Release
from greenroom.domain.stage import Observation, Slot
from greenroom.ports import Holder, Part
from greenroom.services.retention import good_history
from greenroom.services.target import Target


@dataclass(frozen=True, slots=True)
class Status:
    """One environment at a glance. ``healthy`` is None when nothing is live."""

    seen: Observation
    parts: tuple[Part, ...]
    holder: Holder | None
    healthy: bool | None
    now: float

    @property
    def good(self) -> bool:
        """Does the public get answers?"""
        return bool(self.healthy) and self.seen.mode == "open"

    def word(self, slot: Slot) -> str:
        """What a slot is, in a few words."""
        if slot.id == self.seen.live:
            return "live, watched" if slot.watch_until is not None else "live"
        if slot.warm_until is not None:
            return f"warm for {max(0, round(slot.warm_until - self.now))} s more"
        return "not on stage"

    def to_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "environment": self.seen.environment,
            "live": self.seen.live,
            "healthy": self.healthy,
            "mode": str(self.seen.mode),
            "heads": sorted(self.seen.heads) if self.seen.heads is not None else None,
            "slots": [
                {**asdict(s), "state": self.word(s), "up": s.id in self.seen.up} for s in self.seen.slots
            ],
            "parts": [asdict(p) for p in self.parts],
            "lock": asdict(self.holder) if self.holder else None,
        }


def status(target: Target) -> Status:
    """Look at everything; starts nothing."""
    seen = target.observe(start=False)
    healthy = target.doors.stage.healthy(target.environment, seen.live) if seen.live else None
    return Status(seen, target.platform.parts(), target.lease.holder(), healthy, target.doors.clock.now())


@dataclass(frozen=True, slots=True)
class ReleaseLine:
    """A release, and whether one could go to it now. ``state``: live, warm, served or empty."""

    release: Release
    state: str
    can: bool
    why_not: str

    def to_json(self) -> dict[str, Any]:
        """For ``--json``."""
        r = self.release
        return {
            "id": r.id,
            "commit": r.commit,
            "subject": r.subject,
            "author": r.author,
            "created_at": r.created_at,
            "dirty": r.dirty,
            "heads": sorted(r.revisions.heads),
            "state": self.state,
            "can_serve": self.can,
            "why_not": self.why_not,
        }


def releases(target: Target) -> tuple[ReleaseLine, ...]:
    """Every build on disk, the newest first."""
    seen = target.observe()
    served = set(good_history(target))
    live = seen.live_slot.release if seen.live_slot else None
    warm = {s.release for s in seen.warm}
    lines = []
    for release in reversed(seen.releases):
        state = "live" if release.id == live else "warm" if release.id in warm else ""
        answer = seen.may_serve(release.id)
        pending = seen.pending(release)
        why = "" if answer.ok else f"{len(pending)} revision(s) to apply" if pending else answer.because
        lines.append(
            ReleaseLine(release, state or ("served" if release.id in served else ""), answer.ok, why)
        )
    return tuple(lines)
