"""What the team reads about a deploy where its branches live."""

from __future__ import annotations

from dataclasses import dataclass

from greenroom.domain.environment import Environment
from greenroom.domain.release import Release
from greenroom.domain.revisions import Revision
from greenroom.domain.stage import Mode
from greenroom.domain.steps import Migrate, Plan, SetMode

_DISRUPTION = {
    Mode.HOLD: "requests wait while the database is migrated",
    Mode.MAINTENANCE: "the maintenance page is shown while the database is migrated",
}


@dataclass(frozen=True, slots=True)
class News:
    """A deploy that is over. ``branch`` is empty for an environment that belongs to none; ``failure`` for one that went well;
    ``disruption``: what was foreseen for the public; ``serving``: the slot that serves now, if that is known; ``seconds``: how
    long it took; ``at``: seconds since the epoch.
    """

    place: Environment
    branch: str
    release: Release
    migrations: tuple[Revision, ...]
    disruption: str
    failure: str
    serving: str | None
    seconds: float
    at: float


def migrations(plan: Plan, release: Release) -> tuple[Revision, ...]:
    """The revisions that the plan applies, in order."""
    ids = [id for step in plan.steps if isinstance(step, Migrate) for id in step.revisions]
    return tuple(one for id in ids if (one := release.revisions.get(id)) is not None)


def disruption(plan: Plan) -> str:
    """What the plan's way means for the public."""
    modes = [step.mode for step in plan.steps if isinstance(step, SetMode)]
    told = [_DISRUPTION[mode] for mode in modes if mode in _DISRUPTION]
    return told[0] if told else "none: the old release serves until the new one is ready"
