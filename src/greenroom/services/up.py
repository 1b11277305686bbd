"""Up, down, destroy: the whole environment, from nothing to serving and back."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from greenroom.domain.errors import GreenroomError
from greenroom.domain.release import Release
from greenroom.domain.stage import Observation
from greenroom.services.deliver import Outcome, Wish, deploy
from greenroom.services.maintenance import confirm
from greenroom.services.performing import timed
from greenroom.services.preparing import ready
from greenroom.services.provenance import build
from greenroom.services.settle import check_window, let_migration_end, settle_first
from greenroom.services.target import Target


@dataclass(frozen=True, slots=True)
class Up:
    """What ``up`` found and did. ``outcome`` is None when a slot served already."""

    serving: str
    outcome: Outcome | None

    def to_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return {"serving": self.serving, "outcome": self.outcome.to_json() if self.outcome else None}


def up(target: Target, wait: float = 0.0) -> Up:
    """Start the platform, make sure of every resource, bring the live slot back or deploy the first one.

    A live slot whose shape is not what the project's file asks for now (its door, its size) is relieved by a new one of its release.
    """
    with target.lease.hold("up", wait):
        ready(target)
        let_migration_end(target)
        _wait_for_live(target)
        settle_first(target)
        seen = target.observe()
        check_window(target)
        live = seen.live_slot if seen.live in seen.up else None
        if live is not None and (target.fits(live) or seen.release(live.release) is None):
            return Up(_bring_back(target, seen), None)
    release = None if live is not None else _release_for(target, seen)
    outcome = deploy(target, Wish(release, restart=seen.live_slot is not None, wait=wait))
    if outcome.serving is None:
        raise GreenroomError("nothing-live", "no slot serves", "greenroom status")
    return Up(outcome.serving, outcome)


def _wait_for_live(target: Target) -> None:
    """Let the live slot start before anybody judges it; one that does not come up is for due work to leave."""
    live = target.observe(schema=False).live_slot
    if live is not None:
        probe = partial(target.doors.stage.probe, target.environment, live.id)
        with suppress(GreenroomError):
            timed(target, "probe", f"wait for slot {live.id}", probe)


def _release_for(target: Target, seen: Observation) -> Release:
    """What was live, or fell asleep, is launched anew; else the newest commit comes first."""
    record = target.doors.records.get(target.environment)
    asleep = record.release if record is not None else None
    before = seen.live_slot.release if seen.live_slot else asleep
    was = seen.release(before) if before else None
    return was or build(target)


def _bring_back(target: Target, seen: Observation) -> str:
    live = seen.live_slot
    assert live is not None

    def answers() -> None:
        target.doors.stage.probe(target.environment, live.id)
        confirm(target, live.id)

    timed(target, "confirm", f"confirm through the edge that {live.id} answers", answers)
    return live.id


def down(target: Target, wait: float = 0.0) -> None:
    """Stop everything in order. All data stays, and so does what was live: ``up`` brings it back."""
    with ExitStack() as held:
        for lease in (target.lease, *target.neighbours()):
            held.enter_context(lease.hold("down", wait))
        timed(target, "stop", "stop everything, in order", target.platform.stop)
