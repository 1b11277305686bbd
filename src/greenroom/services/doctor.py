"""Look for what will hurt at some deploy, at the live slot and, when asked, at slots launched for the question.

Nothing public changes and nothing is written to the database: pages are read, and no slot made here gets traffic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from greenroom.domain.access_findings import access_findings
from greenroom.domain.errors import Exit, GreenroomError, refused
from greenroom.domain.findings import (
    CHECKS,
    Answers,
    Checked,
    Finding,
    answered,
    skipped,
)
from greenroom.domain.guards import (
    budget_findings,
    certificate_findings,
    csrf_findings,
    memory_findings,
    pool_findings,
    session_findings,
    stray_findings,
)
from greenroom.domain.inspected import About, Continuity
from greenroom.domain.stage import Observation, Slot
from greenroom.services.guarding import carried, web_processes
from greenroom.services.rehearsing import rehearse
from greenroom.services.target import Target


@dataclass(frozen=True, slots=True)
class Report(Answers):
    """What the doctor found in one environment."""

    environment: str
    live: str
    checked: tuple[Checked, ...]

    @property
    def title(self) -> str:
        """What was looked at."""
        return f"{self.environment}, slot {self.live}"

    def to_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return {"environment": self.environment, "live": self.live, **self.counted()}


def doctor(target: Target, names: Sequence[str] = (), deep: bool = False, wait: float = 0.0) -> Report:
    """Ask the named checks, or all. ``deep`` launches slots (under the lease) for those that need one.

    Raises when there is no such check (exit 2) or nothing is live (exit 3).
    """
    wanted = tuple(name for name in CHECKS if not names or name in names)
    _check_names(names)
    patient = Patient(target, target.observe())
    quick = {name: check(patient) for name, check in QUICK.items() if name in wanted}
    rehearsed = rehearse(target, patient.live, wanted, wait) if deep else {}
    found = {**quick, **{n: _joined(quick.get(n), c) for n, c in rehearsed.items()}}
    left_out = {n: skipped(n, "needs a slot of its own: greenroom doctor --deep") for n in wanted}
    order = [{**left_out, **found}[name] for name in wanted]
    return Report(target.environment, patient.live.id, tuple(order))


def _check_names(names: Sequence[str]) -> None:
    unknown = [name for name in names if name not in CHECKS]
    if unknown:
        raise GreenroomError(
            "unknown-check", f"there is no check {unknown[0]}", f"there is: {', '.join(CHECKS)}", Exit.USAGE
        )


def _joined(quick: Checked | None, deep: Checked) -> Checked:
    """A check that was asked in both ways: what the live slot showed counts first."""
    return quick if quick is not None and (quick.findings or not deep.findings) else deep


@dataclass
class Patient:
    """The live slot, with what several checks want to know of it."""

    target: Target
    seen: Observation

    @cached_property
    def live(self) -> Slot:
        """The live slot. Raises (exit 3) when there is none that runs."""
        live = self.seen.live_slot
        if live is None or live.id not in self.seen.up:
            raise refused("nothing-live", "no slot serves in this environment", "greenroom up")
        return live

    @cached_property
    def about(self) -> tuple[About, ...]:
        """What its worker processes say of the app."""
        return self.target.doors.inspector.about(self.target.environment, self.live.id)

    @cached_property
    def continuity(self) -> Continuity:
        """Between the slot that rollback would go back to and the live one; else among the live slot's processes."""
        inspector, env = self.target.doors.inspector, self.target.environment
        warm = self.seen.warm[-1].id if self.seen.warm else None
        return inspector.continuity(env, warm or self.live.id, self.live.id if warm else None)


SILENT = "the slot does not say: an older Greenroom launched it; greenroom restart"


def _budget(patient: Patient) -> Checked:
    roles, limits = patient.target.opening, patient.target.limits
    findings = (*budget_findings(roles, limits), *pool_findings(patient.about, roles, limits))
    pools = any(a.pools for a in patient.about)
    note = "" if pools else "the app's pool cannot be read; the declared connections were counted"
    return answered("connection-budget", findings, note)


def _sessions(patient: Patient) -> Checked:
    carry = patient.continuity.sessions
    return carried("session-continuity", carry, session_findings(carry))


def _csrf(patient: Patient) -> Checked:
    carry = patient.continuity.csrf
    return carried("csrf-continuity", carry, csrf_findings(carry))


def _memory(patient: Patient) -> Checked:
    if not patient.about:
        return skipped("memory-limiter", SILENT)
    return answered("memory-limiter", memory_findings(patient.about, web_processes(patient.target)))


def _uploads(patient: Patient) -> Checked:
    return answered("local-uploads", tuple(_strays(patient)), "")


def _strays(patient: Patient) -> Iterator[Finding]:
    for release in sorted({s.release for s in patient.seen.slots}):
        strays = patient.target.doors.inspector.strays(release)
        if strays is not None:
            yield from stray_findings(release, strays)


def _certificate(patient: Patient) -> Checked:
    target = patient.target
    try:
        seen = target.doors.inspector.certificate(target.environment)
    except GreenroomError as error:
        return skipped("certificate", error.message)
    days = (seen.ends - target.doors.clock.now()) / 86_400.0
    note = "" if seen.trouble else f"{seen.host}, {days:.1f} days left"
    return answered("certificate", certificate_findings(seen, target.doors.clock.now()), note)


def _access(patient: Patient) -> Checked:
    target = patient.target
    try:
        seen = target.doors.inspector.outside(target.environment)
    except GreenroomError as error:
        return skipped("access", error.message)
    if seen.exempt:
        return skipped("access", "this machine's own address needs no sign-in (allow_ips)")
    note = "private" if seen.private else "public"
    return answered("access", access_findings(target.environment, seen), note)


QUICK: dict[str, Callable[[Patient], Checked]] = {
    "connection-budget": _budget,
    "session-continuity": _sessions,
    "csrf-continuity": _csrf,
    "memory-limiter": _memory,
    "local-uploads": _uploads,
    "certificate": _certificate,
    "access": _access,
}
"""The checks that only look at what runs already. A new check: its entry in ``CHECKS``, and its function here or in
``rehearsing``."""
