"""Due work: finish or undo what a killed command left, retire what is over, return from what turned bad."""

from __future__ import annotations

from greenroom.domain.due import abandon, due, may_be_due
from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.events import note
from greenroom.domain.rollout import retreat
from greenroom.domain.stage import Mode
from greenroom.domain.steps import Plan
from greenroom.services.performing import perform
from greenroom.services.target import Target
from greenroom.services.watching import TurnedBad

AGAIN_SECONDS = 0.2


def let_migration_end(target: Target) -> None:
    """Wait for a migration that runs, whoever asked for it: before its end nobody knows what may serve."""
    jobs, env = target.doors.jobs, target.environment
    jobs.withdraw(env)
    if jobs.migrating(env):
        target.emit(note("a migration is under way; waiting for its end"))
    while jobs.migrating(env):
        target.doors.clock.sleep(AGAIN_SECONDS)


def check_window(target: Target) -> None:
    """Raise (exit 5) when a window is still closed although nothing runs any more that could open it.

    Its migration went half-way: the release that was live may not serve on the schema, and no other one that is on
    disk may.
    """
    seen = target.observe()
    if seen.window and seen.mode is not Mode.OPEN and not seen.migrating:
        raise GreenroomError(
            "window-stuck",
            f"the public side is in {seen.mode} mode, and no release on disk may serve on the schema as it is",
            "correct the release and deploy it: greenroom deploy --window maintenance",
            Exit.UNSAFE,
        )


def settle(target: Target) -> Plan:
    """Perform what is due now; the caller holds the lease. Returns what was done.

    When the live slot is found to be worse than the one before it, returns to that one, if it may still serve.
    """
    target.doors.jobs.withdraw(target.environment)
    seen = target.observe(schema=False)
    if not may_be_due(seen, target.doors.clock.now()):
        return Plan(target.environment)
    plan = due(target.observe(), target.doors.clock.now())
    try:
        perform(target, plan)
    except TurnedBad as bad:
        return _leave(target, bad)
    except GreenroomError:
        perform(target, abandon(target.observe()))
        raise
    return plan


def settle_first(target: Target) -> None:
    """Due work before a command's own: what cannot be done must not stand in the way of what repairs it."""
    try:
        settle(target)
    except GreenroomError as error:
        target.emit(note(f"due work could not be done: {error.message}"))


def _leave(target: Target, bad: TurnedBad) -> Plan:
    """Return from a slot that turned bad. Without a way back it is judged all the same: a fix must find the way free."""
    seen = target.observe()
    live = seen.live or ""
    try:
        plan = retreat(seen, live)
    except GreenroomError as stuck:
        target.doors.stage.amend(target.environment, live, watch_until=None)
        target.doors.ledger.append(target.environment, "stuck", slot=live, reason=stuck.message[:400])
        target.emit(note(f"look now: {stuck.message}"))
        return Plan(target.environment)
    perform(target, plan)
    target.doors.ledger.append(target.environment, "returned", away=live, reason=bad.message[:400])
    return plan
