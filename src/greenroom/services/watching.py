"""Watch a slot after its switch, and say when it is worse than the one before."""

from __future__ import annotations

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.stage import Slot
from greenroom.domain.verdict import Measure, Verdict, judge
from greenroom.services.target import Target

POLL_SECONDS = 0.5


class TurnedBad(GreenroomError):
    """The slot that was switched to is worse than the one before it."""


def watch(target: Target, slot_id: str, previous: str | None) -> Verdict:
    """Watch until the slot's ``watch_until``, then call it good. Raises :class:`TurnedBad` as soon as it is worse."""
    slot = next((s for s in target.doors.stage.observe(target.environment).slots if s.id == slot_id), None)
    if slot is None or slot.switched_at is None:
        raise TurnedBad("slot-gone", f"slot {slot_id} is gone", "greenroom status", Exit.UNSAFE)
    before = _before(target, slot, previous)
    verdict = _until_the_end(target, slot, before)
    if not verdict.proven and not target.doors.stage.healthy(target.environment, slot_id):
        raise _bad(slot_id, "it does not answer its own probe any more")
    target.doors.stage.amend(target.environment, slot_id, watch_until=None)
    return verdict


def _before(target: Target, slot: Slot, previous: str | None) -> Measure:
    if previous is None or slot.switched_at is None:
        return Measure()
    length = (slot.watch_until or slot.switched_at) - slot.switched_at
    since = slot.switched_at - max(length, 1.0)
    return target.doors.traffic.measure(target.environment, previous, since, slot.switched_at)


def _until_the_end(target: Target, slot: Slot, before: Measure) -> Verdict:
    clock, env = target.doors.clock, target.environment
    since = slot.switched_at or clock.now()
    # A clock that is set back must not make the watch longer.
    until = clock.monotonic() + max(0.0, (slot.watch_until or 0.0) - max(clock.now(), since))
    while True:
        now = clock.monotonic()
        if slot.id not in target.doors.stage.observe(env).up:
            raise _bad(slot.id, "its web process died")
        verdict = judge(
            target.doors.traffic.measure(env, slot.id, since, clock.now()), before, target.policy.worse
        )
        if verdict.worse:
            raise _bad(slot.id, verdict.reason)
        if now >= until:
            return verdict
        clock.sleep(min(POLL_SECONDS, until - now))


def _bad(slot: str, reason: str) -> TurnedBad:
    return TurnedBad("turned-bad", f"slot {slot} turned bad after the switch: {reason}", "greenroom logs")
