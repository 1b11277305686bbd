"""The checks that need a slot of their own: launched from the live release, asked, retired. It never gets traffic."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from greenroom.domain.errors import GreenroomError
from greenroom.domain.events import Event
from greenroom.domain.findings import (
    Checked,
    Finding,
    Severity,
    answered,
    inapplicable,
    skipped,
)
from greenroom.domain.guards import csrf_findings, liveness_findings, pace_findings, session_findings
from greenroom.domain.release import Release
from greenroom.domain.secret import Secret
from greenroom.domain.stage import Slot, slot_id
from greenroom.ports import Values
from greenroom.services.guarding import carried
from greenroom.services.settle import settle
from greenroom.services.target import Target

REHEARSED = ("session-continuity", "csrf-continuity", "relaunch", "cold-workers", "liveness")
POLL_SECONDS = 0.1
CUT_OFF_SECONDS = 30.0
"""How long a slot that reaches nothing may take until it answers at all."""


def rehearse(target: Target, live: Slot, wanted: Sequence[str], wait: float) -> dict[str, Checked]:
    """The wanted checks that need a slot of their own, each with its answer.

    At most two slots run: while another one is warm they are skipped, because it is the way back.
    """
    names = [name for name in REHEARSED if name in wanted]
    if not names:
        return {}
    with target.lease.hold("doctor", wait):
        settle(target)
        seen = target.observe()
        if seen.live != live.id:
            return {n: skipped(n, "the live slot has just changed; ask again") for n in names}
        if seen.others:
            warm = ", ".join(s.id for s in seen.others)
            return {n: skipped(n, f"slot {warm} is kept warm, and at most two slots run") for n in names}
        release = target.doors.builder.get(live.release)
        found = _second(target, live, release) if set(names) - {"liveness"} else {}
        if "liveness" in names:
            found["liveness"] = _liveness(target, release)
        return {name: found[name] for name in names}


@contextmanager
def _slot(target: Target, release: Release, values: Values, why: str) -> Iterator[str]:
    """A slot for the length of the block. If this command is killed, it is found as abandoned and retired."""
    stage, env = target.doors.stage, target.environment
    slot = slot_id(release.id, stage.observe(env).next_number, env)
    began = target.doors.clock.monotonic()
    target.emit(Event("step.started", f"rehearse in slot {slot}: {why}", "rehearse"))
    try:
        stage.launch(env, release, slot, "doctor", values)
        yield slot
    finally:
        stage.retire(env, slot)
        target.emit(Event("step.done", "", "rehearse", target.doors.clock.monotonic() - began))


def _second(target: Target, live: Slot, release: Release) -> dict[str, Checked]:
    """What a restart would bring on stage."""
    env, inspector = target.environment, target.doors.inspector
    with _slot(target, release, target.values(), "start again") as slot:
        try:
            target.doors.stage.probe(env, slot)
        except GreenroomError as error:
            rest = {n: skipped(n, "the new slot did not become ready") for n in REHEARSED}
            return {**rest, "relaunch": answered("relaunch", (_not_again(error),))}
        pace = inspector.pace(env, slot, live.id, target.pages, target.policy.cold_floor_ms)
        continuity = inspector.continuity(env, slot, live.id)
    cold = answered("cold-workers", pace_findings(pace, target.policy)) if pace else None
    sessions, csrf = continuity.sessions, continuity.csrf
    return {
        "relaunch": answered("relaunch", ()),
        "cold-workers": cold or skipped("cold-workers", "no page answered"),
        "session-continuity": carried("session-continuity", sessions, session_findings(sessions)),
        "csrf-continuity": carried("csrf-continuity", csrf, csrf_findings(csrf)),
    }


def _not_again(error: GreenroomError) -> Finding:
    return Finding(
        "relaunch",
        Severity.PROBLEM,
        f"the live release does not start again: {error.message}",
        "something that it needs has changed since it was launched; a restart or a reboot would fail",
        error.hint,
    )


def _liveness(target: Target, release: Release) -> Checked:
    """Launch it with a configuration that leads to no database and no store, and ask both pages."""
    if not release.revisions.revisions:
        return inapplicable("liveness", "the app brings no database revisions")
    cut_off: dict[str, Secret] = dict(target.values())
    for resource in target.doors.resources:
        cut_off.update(resource.unreachable(target.environment))
    policy, env, ask = target.policy, target.environment, target.doors.inspector.ask
    with _slot(target, release, cut_off, "without database and store") as slot:
        alive = _first_answer(target, slot, policy.liveness_path)
        ready = ask(env, slot, policy.probe_path) if alive is not None else None
    note = f"the app has no {policy.liveness_path}" if alive == 404 else ""
    return answered(
        "liveness", liveness_findings(policy.liveness_path, alive, policy.probe_path, ready), note
    )


def _first_answer(target: Target, slot: str, path: str) -> int | None:
    clock = target.doors.clock
    until = clock.monotonic() + CUT_OFF_SECONDS
    while (status := target.doors.inspector.ask(target.environment, slot, path)) is None:
        if clock.monotonic() >= until:
            return None
        clock.sleep(POLL_SECONDS)
    return status
