"""Deploy again and again under real load, and count what was lost."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from greenroom.domain.errors import GreenroomError
from greenroom.domain.events import note
from greenroom.domain.release import Release
from greenroom.domain.tally import Phase, Tally, first_answer_ms
from greenroom.ports import Load
from greenroom.services.deliver import Outcome, Wish, deploy, roll_back
from greenroom.services.target import Target

BEFORE_SECONDS = 2.0
"""Load before the first deploy and after the rollback."""


AFTER_VERIFY = frozenset({"watch", "workers"})
PROBING = frozenset({"launch", "probe"})


@dataclass(slots=True)
class Proof:
    """What a run measured. ``deploy_seconds``: up to the confirmation, without launch to ready (``probe_seconds``)."""

    tally: Tally = field(default_factory=Tally)
    deploys: int = 0
    migrations: int = 0
    cut: int = 0
    switch_ms: list[float] = field(default_factory=list)
    commit_ms: list[float] = field(default_factory=list)
    first_answer_ms: list[float] = field(default_factory=list)
    rollback_seconds: float = 0.0
    deploy_seconds: list[float] = field(default_factory=list)
    probe_seconds: list[float] = field(default_factory=list)
    step_seconds: dict[str, list[float]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """For ``--json`` and the ledger."""
        t = self.tally
        return {
            "requests": t.requests,
            "lost": t.lost,
            "app_errors": t.app_errors,
            "unfinished": t.unfinished,
            "deploys": self.deploys,
            "migrations": self.migrations,
            "cut": self.cut,
            "switch_ms": _median(self.switch_ms),
            "commit_ms": _median(self.commit_ms),
            "first_answer_ms": _median(self.first_answer_ms),
            "rollback_s": round(self.rollback_seconds, 3),
            "deploy_s": _median(self.deploy_seconds),
            "probe_s": _median(self.probe_seconds),
            "steps_s": {kind: _median(times) for kind, times in self.step_seconds.items()},
            "latency_ms": {"p50": round(t.p50_ms, 2), "p99": round(t.p99_ms, 2), "max": round(t.max_ms, 2)},
            "by_kind": dict(t.by_kind),
            "notes": list(t.notes),
        }

    def losses(self) -> list[dict[str, Any]]:
        """Every lost request."""
        return [asdict(loss) for loss in self.tally.losses]


def _median(values: Sequence[float]) -> float | None:
    return round(statistics.median(values), 3) if values else None


def prove(target: Target, load: Load, releases: Sequence[Release], deploys: int, at_least: int) -> Proof:
    """Under load, deploy ``releases`` in turn (none: the live one anew), then roll back once.

    Each deploy is a new slot. The load goes on until ``at_least`` requests were made. The figures are stored in the
    ledger with the release that serves at the end.
    """
    proof, phases = Proof(), _Phases(load)
    load.start()
    try:
        target.doors.clock.sleep(BEFORE_SECONDS)
        for number in range(deploys):
            release = releases[number % len(releases)] if releases else None
            wish = Wish(release, restart=True, wait=30.0)
            outcome = phases.during(f"deploy {number + 1}", partial(deploy, target, wish))
            _note(target, proof, outcome, load, number + 1, deploys)
        began = target.doors.clock.now()
        back = phases.during("rollback", partial(roll_back, target, None, 30.0))
        proof.rollback_seconds = target.doors.clock.now() - began
        _figures(proof, target, back, load)
        _until(target, load, at_least)
    finally:
        proof.tally = load.stop(phases=phases.all)
    live = target.doors.traffic.observe(target.environment).live
    target.doors.ledger.append(target.environment, "proved", slot=live, **proof.to_json())
    return proof


class _Phases:
    def __init__(self, load: Load) -> None:
        self._load = load
        self.all: list[Phase] = []

    def during(self, name: str, action: Callable[[], Outcome]) -> Outcome:
        began = self._load.now()
        try:
            return action()
        finally:
            self.all.append(Phase(name, began, self._load.now()))


def _note(target: Target, proof: Proof, outcome: Outcome, load: Load, number: int, of: int) -> None:
    proof.deploys += 1
    proof.migrations += sum(s.kind == "migrate" for s in outcome.plan.steps)
    seconds = outcome.figures.seconds
    proof.deploy_seconds.append(
        sum(seconds.values()) - sum(seconds.get(k, 0.0) for k in AFTER_VERIFY | PROBING)
    )
    proof.probe_seconds.append(sum(seconds.get(k, 0.0) for k in PROBING))
    for kind, time in seconds.items():
        proof.step_seconds.setdefault(kind, []).append(time)
    _figures(proof, target, outcome, load)
    seen = load.snapshot()
    target.emit(note(f"deploy {number} of {of}: {seen.requests} requests, {seen.lost} lost"))


def _figures(proof: Proof, target: Target, outcome: Outcome, load: Load) -> None:
    proof.switch_ms += outcome.figures.switch_ms
    proof.commit_ms += outcome.figures.commit_ms
    proof.cut += outcome.figures.cut
    slots = target.doors.stage.observe(target.environment).slots
    slot = next((s for s in slots if s.id == outcome.serving), None)
    if slot is None or slot.switched_at is None:
        raise GreenroomError("slot-gone", f"slot {outcome.serving} is gone", "greenroom status")
    switched_at = slot.switched_at - target.doors.clock.now() + load.now()
    first = first_answer_ms(load.records, slot.id, switched_at)
    if first is not None:
        proof.first_answer_ms.append(first)


def _until(target: Target, load: Load, at_least: int) -> None:
    until = target.doors.clock.now() + 600.0
    target.doors.clock.sleep(BEFORE_SECONDS)
    while load.snapshot().requests < at_least and target.doors.clock.now() < until:
        target.doors.clock.sleep(0.5)
