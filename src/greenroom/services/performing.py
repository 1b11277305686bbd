"""The one loop that performs a plan: each step to its door, with events and timing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from greenroom.domain.errors import GreenroomError
from greenroom.domain.events import Event
from greenroom.domain.findings import Finding
from greenroom.domain.release import Release
from greenroom.domain.steps import (
    Confirm,
    Drain,
    Launch,
    Migrate,
    Plan,
    Probe,
    Retire,
    SetMode,
    StageRelease,
    Step,
    Switch,
    Watch,
    Workers,
)
from greenroom.ports import Done
from greenroom.services.guarding import guard
from greenroom.services.maintenance import BY_A_PERSON, confirm, shows_page
from greenroom.services.target import Target
from greenroom.services.watching import watch


@dataclass(slots=True)
class Figures:
    """What performing measured: milliseconds of switches, seconds by step kind, requests cut by drains, and what the
    guards found that forbade nothing."""

    switch_ms: list[float] = field(default_factory=list)
    commit_ms: list[float] = field(default_factory=list)
    first_answer_ms: list[float] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    cut: int = 0
    findings: list[Finding] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """For ``--json`` and the ledger; milliseconds to three places."""
        return {
            "switch_ms": [round(x, 3) for x in self.switch_ms],
            "commit_ms": [round(x, 3) for x in self.commit_ms],
            "first_answer_ms": [round(x, 3) for x in self.first_answer_ms],
            "seconds": {k: round(v, 3) for k, v in self.seconds.items()},
            "cut": self.cut,
            "findings": [f.to_json() for f in self.findings],
        }


UNREAD_SECONDS = 30.0
"""How long a database that has just been migrated may be too busy to say its revisions."""


def _failure(done: Done) -> str:
    cause = next((f": {line[7:]}" for line in done.tail if line.startswith("cause: ")), "")
    return f"(exit {done.exit}){cause}"


def perform(target: Target, plan: Plan) -> Figures:
    """Perform every step in order; the first that fails ends it with its error.

    The caller holds the lease. What a failure leaves is for the caller to undo, or for whoever observes next.
    """
    performer = _Performer(target, plan)
    for index, step in enumerate(plan.steps):
        performer.perform(step, index)
    return performer.figures


T = TypeVar("T")


def timed(target: Target, kind: str, text: str, action: Callable[[], T]) -> T:
    """Do something that is no step of a plan, announced and timed like one."""
    clock = target.doors.clock
    began = clock.monotonic()
    target.emit(Event("step.started", text, kind))
    try:
        result = action()
    except BaseException as error:
        target.emit(Event("step.failed", str(error), kind, clock.monotonic() - began))
        raise
    target.emit(Event("step.done", "", kind, clock.monotonic() - began))
    return result


class _Performer:
    def __init__(self, target: Target, plan: Plan) -> None:
        self.target = target
        self.plan = plan
        self.figures = Figures()
        self._hands: dict[type[Step], Callable[[Any], str]] = {
            StageRelease: self._stage,
            SetMode: self._mode,
            Migrate: self._migrate,
            Launch: self._launch,
            Probe: self._probe,
            Switch: self._switch,
            Confirm: self._confirm,
            Watch: self._watch,
            Workers: self._workers,
            Drain: self._drain,
            Retire: self._retire,
        }

    def perform(self, step: Step, index: int) -> None:
        clock = self.target.doors.clock
        began = clock.monotonic()
        where = {"index": index + 1, "total": len(self.plan.steps)}
        self.target.emit(Event("step.started", step.describe(), step.kind, data=where))
        try:
            result = self._hands[type(step)](step)
        except BaseException as error:
            self.target.emit(Event("step.failed", str(error), step.kind, clock.monotonic() - began, where))
            raise
        seconds = clock.monotonic() - began
        self.figures.seconds[step.kind] = self.figures.seconds.get(step.kind, 0.0) + seconds
        self.target.emit(Event("step.done", result, step.kind, seconds, where))

    def _release(self, id: str) -> Release:
        return self.target.doors.builder.get(id)

    def _stage(self, step: StageRelease) -> str:
        self.target.doors.stage.stage(self.target.environment, self._release(step.release))
        return ""

    def _mode(self, step: SetMode) -> str:
        if shows_page(self.target):
            return BY_A_PERSON
        self.target.doors.traffic.mode(self.target.environment, step.mode, step.window)
        return ""

    def _migrate(self, step: Migrate) -> str:
        target = self.target
        release = self._release(step.release)
        done = target.doors.jobs.migrate(target.environment, release, target.values())
        why = _failure(done) if done.exit else self._missing(release)
        if why:
            raise GreenroomError(
                "migration-failed",
                f"the migration of release {release.id} failed {why}",
                "nothing changed for the public; read the last lines, correct the revision, deploy again",
                details="\n".join(done.tail),
            )
        return f"{len(step.revisions)} revision(s) applied" + (" (attached)" if done.attached else "")

    def _missing(self, release: Release) -> str:
        """What a migration that ended well left undone; empty when nothing. A database that gives no answer is asked again."""
        clock = self.target.doors.clock
        until = clock.monotonic() + UNREAD_SECONDS
        while (seen := self.target.observe()).heads is None and clock.monotonic() < until:
            clock.sleep(1.0)
        if seen.heads is None:
            return f"to show: within {UNREAD_SECONDS:g} s nobody could read which revisions the database has"
        missing = ", ".join(r.id for r in seen.pending(release))
        return f"(exit 0): the database still has not {missing}" if missing else ""

    def _launch(self, step: Launch) -> str:
        target = self.target
        config, values = target.config(), target.values()
        target.doors.stage.launch(target.environment, self._release(step.release), step.slot, config, values)
        return ""

    def _probe(self, step: Probe) -> str:
        probed = self.target.doors.stage.probe(self.target.environment, step.slot)
        if any(isinstance(s, Launch) and s.slot == step.slot for s in self.plan.steps):
            for finding in guard(self.target, step.slot, step.against):
                self.figures.findings.append(finding)
                told = f"{finding.severity}: {finding.message}; greenroom doctor {finding.check}"
                self.target.emit(Event("finding", told, step.kind, data=finding.to_json()))
        return f"{probed.workers} worker process(es) answered"

    def _switch(self, step: Switch) -> str:
        target, env = self.target, self.target.environment
        now = target.doors.clock.now()
        stage = target.doors.stage
        # Deadlines go first: whoever finds the switch done then knows what is due.
        if step.previous is not None:
            stage.amend(env, step.previous, warm_until=now + (step.warm or 0.0))
        watch_until = None if step.watch is None else now + step.watch
        nap = target.place.sleep_after
        stage.amend(
            env,
            step.slot,
            switched_at=now,
            watch_until=watch_until,
            previous=step.previous,
            idle_at=None if nap is None else now + nap,
        )
        switched = target.doors.traffic.switch(env, step.slot)
        self.figures.switch_ms.append(switched.switch_ms)
        self.figures.commit_ms.append(switched.commit_ms)
        target.doors.ledger.append(env, "switched", slot=step.slot, previous=step.previous, began=now)
        return f"{switched.switch_ms:.2f} ms"

    def _confirm(self, step: Confirm) -> str:
        answer_ms = confirm(self.target, step.slot)
        if answer_ms is None:
            return BY_A_PERSON
        self.figures.first_answer_ms.append(answer_ms)
        return f"X-Release: {step.slot}"

    def _watch(self, step: Watch) -> str:
        verdict = watch(self.target, step.slot, step.previous)
        self.target.doors.ledger.append(self.target.environment, "good", slot=step.slot)
        return verdict.reason

    def _workers(self, step: Workers) -> str:
        self.target.doors.stage.workers(self.target.environment, step.slot)
        return ""

    def _drain(self, step: Drain) -> str:
        drained = self.target.doors.traffic.drain(
            self.target.environment, step.slot, self.target.policy.drain_timeout
        )
        self.figures.cut += drained.cut or 0
        if drained.cut:
            return f"{drained.cut} request(s) cut after {drained.seconds:.0f} s"
        return "" if drained.cut == 0 else "in-flight count unknown on this target"

    def _retire(self, step: Retire) -> str:
        self.target.doors.stage.retire(self.target.environment, step.slot)
        return ""
