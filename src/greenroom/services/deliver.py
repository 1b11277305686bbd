"""Deploy, restart, roll back: everything that changes what the public sees."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from greenroom.domain.budget import connection_budget
from greenroom.domain.due import undo
from greenroom.domain.errors import Exit, GreenroomError, refused, unforeseen
from greenroom.domain.events import note
from greenroom.domain.release import Release
from greenroom.domain.rollout import Wanted, rollback, rollout
from greenroom.domain.rollout import retreat as retreat_plan
from greenroom.domain.stage import Mode, Observation
from greenroom.domain.steps import Confirm, Launch, Plan
from greenroom.services.gating import check_gate
from greenroom.services.performing import Figures, perform
from greenroom.services.preparing import make_sure
from greenroom.services.provenance import check_provenance
from greenroom.services.remembering import remember
from greenroom.services.retention import tidy
from greenroom.services.settle import check_window, let_migration_end, settle_first
from greenroom.services.target import Target
from greenroom.services.telling import telling


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user asked for.

    ``window`` allows breaking revisions, ``restart`` a new slot of the live release, ``watch`` False returns after
    the confirmation; ``wait`` seconds for the lease. ``saved`` is a plan that must still be exactly what is to do. ``override``: a
    person's reason to go on stage in quiet time.
    """

    release: Release | None = None
    window: Mode | None = None
    restart: bool = False
    watch: bool = True
    wait: float = 0.0
    saved: Plan | None = None
    override: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a delivery did: the plan, and what performing it measured. ``serving`` is the live slot afterwards."""

    plan: Plan
    figures: Figures
    serving: str | None

    def to_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return {"plan": self.plan.to_json(), "serving": self.serving, "figures": self.figures.to_json()}


def plan_for(target: Target, wish: Wish) -> Plan:
    """The plan for a wish on what is there now, nothing done. Raises (exit 3) what policy refuses."""
    seen = _knowing(target)
    _check_budget(target)
    release = wish.release or _live_release(seen)
    wanted = Wanted(release, target.config(), wish.window, fresh=wish.restart)
    return rollout(seen, wanted, target.policy)


def deploy(target: Target, wish: Wish) -> Outcome:
    """Bring the wished release on stage, or leave everything as it was.

    Raises with exit 4 when the old release serves on, 5 when a person must look, 3 when policy refuses.
    """
    verb = "restart" if wish.restart else "deploy"
    with target.lease.hold(verb, wish.wait):
        return deploy_held(target, wish, "deploy")


def deploy_held(target: Target, wish: Wish, verb: str) -> Outcome:
    """The same under ``verb`` in the ledger; the caller holds the lease."""
    began = target.doors.clock.now()
    let_migration_end(target)
    settle_first(target)
    plan = plan_for(target, wish)
    _same_as_saved(plan, wish.saved)
    if not plan:
        if verb == "deploy" and wish.release is not None:
            remember(target, wish.release, began)
        return Outcome(plan, Figures(), target.observe(schema=False).live)
    if wish.release is not None and verb == "deploy":
        check_gate(target, wish.release, wish.override)
        check_provenance(target, wish.release)
    way = plan if wish.watch else _until_confirmed(plan)
    with telling(target, plan, wish.release if verb == "deploy" else None) as serves:
        outcome = _carry_out(target, way, verb)
        serves(outcome.serving)
    if verb == "deploy":
        remember(target, wish.release, began)
    tidy(target)
    return outcome


def roll_back(target: Target, release: Release | None, wait: float = 0.0) -> Outcome:
    """Back to the slot that served before, or to a release; returns as soon as it is confirmed."""
    with target.lease.hold("rollback", wait):
        let_migration_end(target)
        seen = _knowing(target)
        plan = rollback(seen, release, target.policy, "")
        outcome = _carry_out(target, _until_confirmed(plan), "rollback", seen)
    target.platform.wake()
    return outcome


def _carry_out(target: Target, plan: Plan, verb: str, seen: Observation | None = None) -> Outcome:
    """``seen``: what the plan was made on, when nothing has been done since."""
    before = seen or target.observe(schema=False)
    live = before.live_slot
    if live is not None and not target.fits(live) and any(isinstance(step, Launch) for step in plan.steps):
        make_sure(target)  # a slot of another shape may stand on what was not there before: a door, a quota
    target.doors.ledger.append(
        target.environment, f"{verb}.started", release=plan.release, summary=plan.summary
    )
    try:
        figures = perform(target, plan)
    except (Exception, KeyboardInterrupt) as error:
        raise _after_failure(target, before, error, verb) from error
    serving = target.observe(schema=False).live
    _record(target, f"{verb}.done", release=plan.release, slot=serving, **figures.to_json())
    return Outcome(plan, figures, serving)


def _after_failure(target: Target, before: Observation, error: BaseException, verb: str) -> GreenroomError:
    """Put things right, record it, and return the error that tells how it ended."""
    told = _told(error)
    try:
        serving = _put_right(target, before, error)
    except (GreenroomError, OSError) as worse:
        told, serving = replace_exit(_told(worse), Exit.UNSAFE, before=told), None
    else:
        told = replace_exit(told, _exit_for(told, error, before, serving), serving=serving)
    _record(target, f"{verb}.failed", code=told.code, exit=int(told.exit), message=told.message[:400])
    return told


def _record(target: Target, kind: str, **data: Any) -> None:
    """Write down what has happened. History is no authority: what has no room there has happened all the same."""
    try:
        target.doors.ledger.append(target.environment, kind, **data)
    except (GreenroomError, OSError) as error:
        target.emit(note(f"the ledger lacks {kind}: {_told(error).message}"))


def _put_right(target: Target, before: Observation, error: BaseException) -> str | None:
    target.doors.jobs.withdraw(target.environment)
    seen = target.observe()
    if seen.migrating and seen.window:
        target.emit(note("the migration goes on; the public side is opened when it has ended"))
    if before.live is None and seen.live is not None:
        return seen.live
    if seen.live is None or seen.live == before.live:
        target.emit(note("undo: nothing public has happened"))
        perform(target, undo(seen))
        check_window(target)
    elif not isinstance(error, KeyboardInterrupt):
        target.emit(note("return to the slot that served before"))
        perform(target, retreat_plan(seen, seen.live))
        _record(target, "returned", away=seen.live)
    after = target.observe(schema=False)
    return after.live


def _told(error: BaseException) -> GreenroomError:
    if isinstance(error, GreenroomError):
        return error
    if isinstance(error, KeyboardInterrupt):
        return GreenroomError("interrupted", "interrupted", "greenroom status", Exit.INTERRUPTED)
    return unforeseen(error)


def _exit_for(told: GreenroomError, error: BaseException, before: Observation, serving: str | None) -> Exit:
    """After a window that cannot be undone somebody else serves than before: that is not "rolled back"."""
    if isinstance(error, KeyboardInterrupt):
        return Exit.INTERRUPTED
    if serving is not None and serving != before.live:
        return Exit.UNSAFE
    if told.exit in (Exit.REFUSED, Exit.UNSAFE):
        return told.exit
    return Exit.ROLLED_BACK if serving else Exit.FAILED


def replace_exit(
    error: GreenroomError, exit: Exit, serving: str | None = None, before: GreenroomError | None = None
) -> GreenroomError:
    """The same error with another exit code, told who serves and what went wrong first."""
    message = error.message
    if before is not None and before.message != error.message:
        message = f"{message} (after: {before.message})"
    if serving:
        message += f"; {serving} serves"
    details = error.details or (before.details if before else "")
    return GreenroomError(error.code, message, error.hint, exit, details)


def _until_confirmed(plan: Plan) -> Plan:
    """The plan up to its confirmation; what follows is due work and found by observing."""
    last = max(i for i, s in enumerate(plan.steps) if isinstance(s, Confirm))
    return replace(plan, steps=plan.steps[: last + 1])


def _live_release(seen: Observation) -> Release:
    live = seen.live_slot
    release = seen.release(live.release) if live else None
    if release is None:
        raise refused("nothing-live", "no release serves in this environment yet", "greenroom deploy")
    return release


def _knowing(target: Target) -> Observation:
    """What is there now. When nobody tells the schema, a resource that does not answer may know why: it raises that."""
    seen = target.observe()
    if seen.heads is None:
        for resource in target.doors.resources:
            resource.observe(target.environment)
    return seen


def _check_budget(target: Target) -> None:
    budget = connection_budget(target.opening, target.limits)
    if not budget.ok:
        raise refused(
            "connection-budget",
            f"two slots at once may open too many database connections: {budget.text}",
            "lower processes, connections or replicas, or raise [database] max_connections to what the server allows",
        )


def _same_as_saved(plan: Plan, saved: Plan | None) -> None:
    if saved is not None and saved != plan:
        raise refused(
            "plan-stale",
            f"things have changed since the plan was saved; now it would be: {plan.summary}",
            "make a new one: greenroom plan --out FILE",
        )
