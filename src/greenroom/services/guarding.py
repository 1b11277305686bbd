"""The guards of a deploy: what is asked of a new slot before the switch, besides whether it is ready."""

from __future__ import annotations

from greenroom.domain.errors import refused
from greenroom.domain.findings import Checked, Finding, Severity, answered, inapplicable
from greenroom.domain.guards import (
    csrf_findings,
    memory_findings,
    pace_findings,
    pool_findings,
    session_findings,
    stray_findings,
)
from greenroom.domain.inspected import Carry
from greenroom.domain.roles import web_of
from greenroom.services.target import Target


def guard(target: Target, slot: str, live: str | None) -> tuple[Finding, ...]:
    """Ask a slot that is ready and has no traffic yet; what is found but forbids nothing.

    Raises (exit 3) ``sessions-lost`` when the switch would sign everybody out, ``csrf-lost`` when forms would be
    refused at random, ``connection-budget`` when the app's real pools do not fit. A live slot whose own processes disagree has nothing to lose, so it forbids no cure.
    """
    inspector, env = target.doors.inspector, target.environment
    continuity, about = inspector.continuity(env, slot, live), inspector.about(env, slot)
    sessions, csrf = session_findings(continuity.sessions), csrf_findings(continuity.csrf)
    if _signs_out(continuity.sessions):
        raise refused("sessions-lost", *_refusal(slot, live, sessions, "sign everybody out"))
    pools = pool_findings(about, target.opening, target.limits)
    if any(f.severity is Severity.PROBLEM for f in pools):
        raise refused("connection-budget", f"{pools[0].message}: two slots at once do not fit", pools[0].cure)
    if continuity.csrf.within is False:
        raise refused("csrf-lost", *_refusal(slot, live, csrf, "refuse forms at random"))
    memory = memory_findings(about, web_processes(target))
    return (*sessions, *csrf, *pools, *memory, *_cold(target, slot, live), *_left_behind(target, live))


def _signs_out(carry: Carry) -> bool:
    return carry.within is False or (carry.onward is False and carry.within_live is not False)


def _refusal(slot: str, live: str | None, found: tuple[Finding, ...], harm: str) -> tuple[str, str]:
    beside = f" beside {live}" if live else ""
    return f"slot {slot}{beside} would {harm}: {found[0].message} ({found[0].cause})", found[0].cure


def _cold(target: Target, slot: str, live: str | None) -> tuple[Finding, ...]:
    """Asking the pages also warms them: what a process does at its first request is done before the switch."""
    floor = target.policy.cold_floor_ms
    pace = target.doors.inspector.pace(target.environment, slot, live, target.pages, floor)
    return pace_findings(pace, target.policy) if pace else ()


def _left_behind(target: Target, live: str | None) -> tuple[Finding, ...]:
    """Files that the live release has written into its folder do not come along."""
    slot = target.observe(schema=False).slot(live)
    strays = target.doors.inspector.strays(slot.release) if slot else None
    return stray_findings(slot.release, strays) if slot and strays else ()


UNSIGNED = {
    "session-continuity": "the app signs no Flask session",
    "csrf-continuity": "the app does not use Flask-WTF",
}


def carried(name: str, carry: Carry, findings: tuple[Finding, ...]) -> Checked:
    """The answer of a continuity check; it does not apply when nobody could say anything."""
    return inapplicable(name, UNSIGNED[name]) if carry == Carry() else answered(name, findings)


def web_processes(target: Target) -> int:
    """How many processes serve the web role."""
    return web_of(target.roles).processes
