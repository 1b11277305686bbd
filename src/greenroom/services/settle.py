"""Due work: finish or undo what a killed command left, retire what is over, return from what turned bad."""

from __future__ import annotations

from greenroom.domain.due import due
from greenroom.domain.rollout import retreat
from greenroom.domain.steps import Plan
from greenroom.services.performing import perform
from greenroom.services.target import Target
from greenroom.services.watching import TurnedBad


def settle(target: Target) -> Plan:
    """Perform what is due now; the caller holds the lease. Returns what was done.

    When the live slot is found to be worse than the one before it, returns to that one.
    """
    seen = target.observe(schema=False)
    plan = due(seen, target.doors.clock.now())
    if not plan:
        return plan
    plan = due(target.observe(), target.doors.clock.now())
    try:
        perform(target, plan)
    except TurnedBad as bad:
        seen = target.observe()
        plan = retreat(seen, seen.live or "")
        perform(target, plan)
        target.doors.ledger.append(target.environment, "returned", away=seen.live, reason=bad.message[:400])
    return plan


def settle_alone(target: Target) -> Plan:
    """The same, for the supervisor: takes the lease itself, and gives way to whoever has it (exit 6)."""
    with target.lease.hold("due work", 0.0):
        return settle(target)
