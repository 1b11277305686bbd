"""Run a command in the live release."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from greenroom.domain.errors import refused
from greenroom.domain.release import Release
from greenroom.ports import Done, Holder, Say
from greenroom.services.performing import timed
from greenroom.services.target import Target


def run_command(target: Target, argv: Sequence[str], name: str, say: Say) -> Done:
    """Run it as a job of the target: it outlives this command, and the same name attaches to it again."""
    release = _live(target)
    target.doors.ledger.append(target.environment, "run", argv=list(argv)[:20], name=name)
    run = partial(target.doors.jobs.run, target.environment, release, argv, target.values(), name, say)
    return timed(target, "run", f"run {name}", run)


def unlock(target: Target) -> Holder | None:
    """End who holds the lease, if anybody does; says who it was."""
    return timed(target, "unlock", "end who holds the lock", target.lease.free)


def run_in_foreground(target: Target, argv: Sequence[str]) -> int:
    """Run it with this terminal as its own; returns its exit code."""
    release = _live(target)
    target.doors.ledger.append(target.environment, "run", argv=list(argv)[:20], name="")
    return target.doors.jobs.foreground(target.environment, release, argv, target.values())


def _live(target: Target) -> Release:
    live = target.observe(schema=False).live_slot
    if live is None:
        raise refused("nothing-live", "no release serves in this environment yet", "greenroom up")
    return target.doors.builder.get(live.release)
