"""What is remembered of an environment when a release came on stage there."""

from __future__ import annotations

from dataclasses import replace

from greenroom.domain.record import Record, State
from greenroom.domain.release import Release
from greenroom.services.target import Target


def remembered(target: Target) -> Record:
    """The environment's record, or what the first one would say."""
    place, now = target.place, target.doors.clock.now()
    known = target.doors.records.get(target.environment)
    return known or Record(place.name, place.name, "", place.tier, place.host, now, target=place.target)


def remember(target: Target, release: Release | None, began: float) -> None:
    """A deploy is done that ``began`` then: the time to live begins anew, and so does the question whether the branch is merged. A
    request that was merged in the meantime was merged after the deploy."""
    record = remembered(target)
    if release is not None:
        beyond = release.commit if record.owner and target.outside(release.commit) else None
        record = replace(record, deployed_at=began, commit=release.commit, beyond=beyond)
    target.doors.records.put(replace(record, state=State.READY, release=None))
