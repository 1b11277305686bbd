"""Builds are recorded when they are made, and compared with that record before they come on stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from greenroom.domain.errors import GreenroomError, refused
from greenroom.domain.events import note
from greenroom.domain.release import Release
from greenroom.services.target import Target

BUILT = "built"


def build(target: Target, ref: str | None = None, dirty: bool = False) -> Release:
    """The release of a commit, built or found, with its provenance in the ledger; a build made anew has a new entry.

    Without ``ref`` it is the environment's own branch, or the commit that is checked out where it has none.
    """
    record = target.doors.records.get(target.environment)
    own = record.owner if record is not None and record.owner else "HEAD"
    release = target.doors.builder.build(ref or own, dirty)
    known = recorded(target, release)
    if known is None or known.get("at") != release.created_at:
        _record(target, release)
    return release


def recorded(target: Target, release: Release) -> Mapping[str, Any] | None:
    """What the ledger says of the build, the latest word."""
    entries = [e for e in target.doors.ledger.entries(None, BUILT) if e.data.get("release") == release.id]
    return entries[-1].data if entries else None


def check_provenance(target: Target, release: Release) -> None:
    """Raise (exit 3) when the build is not what was recorded, or was never recorded where policy asks for it.

    Where it does not, a build that an older version made is recorded now.
    """
    known = recorded(target, release)
    if known is None:
        if target.place.gate.after:
            raise _unproven(release, "the ledger does not know where it comes from")
        target.emit(note(f"{release.id} was built before builds were recorded; recorded now"))
        _record(target, release)
        return
    if target.place.gate.after:
        _check_chain(target, release)
    differs = target.doors.builder.provenance(release.id, deep=bool(target.place.gate.after)).differs(known)
    if differs:
        raise _unproven(release, f"it is not what was built: {', '.join(differs)} changed")


def _record(target: Target, release: Release) -> None:
    made = target.doors.builder.provenance(release.id)
    target.doors.ledger.append(target.environment, BUILT, **made.to_json())


def _check_chain(target: Target, release: Release) -> None:
    try:
        target.doors.ledger.verify()
    except GreenroomError as error:
        raise _unproven(release, f"the ledger does not hold: {error.message}") from error


def _unproven(release: Release, why: str) -> GreenroomError:
    hint = "build the commit anew after: greenroom releases; or deploy another one"
    return refused("provenance", f"{release.id} is refused: {why}", hint)
