"""The rules of the checks: where exactly a finding begins, and how much it weighs."""

from __future__ import annotations

import pytest

from greenroom.domain.findings import CHECKS, Finding, Severity
from greenroom.domain.guards import (
    budget_findings,
    certificate_findings,
    csrf_findings,
    liveness_findings,
    memory_findings,
    pace_findings,
    pool_findings,
    session_findings,
    stray_findings,
)
from greenroom.domain.inspected import About, Carry, Certificate, Pace, Pool, Strays
from greenroom.domain.policy import Policy
from greenroom.domain.project import DatabaseLimits
from greenroom.domain.roles import Role, RoleKind

DAY = 86_400.0
WEB = Role("web", RoleKind.WEB, processes=2, connections=5)
ROLES = (WEB, Role("mailer", RoleKind.WORKER, ("mail",), connections=5))
LIMITS = DatabaseLimits(100, 10)
PROBLEM, WARNING = Severity.PROBLEM, Severity.WARNING


def weight(findings: tuple[Finding, ...]) -> Severity | None:
    """The severity of the only finding; every finding has all its words."""
    assert len(findings) <= 1
    for f in findings:
        assert f.check in CHECKS
        assert f.message
        assert f.cause
        assert f.cure
    return findings[0].severity if findings else None


def pools(*most: int | None) -> tuple[About, ...]:
    return (About(), About(tuple(Pool(f"pool {i}", m) for i, m in enumerate(most))))


@pytest.mark.parametrize(
    ("most", "expected"),
    [
        ((), None),
        ((5,), None),
        ((3, 2), None),
        ((6,), WARNING),  # 2 x 2 x 6 + 5 + 10 = 39
        ((21,), WARNING),  # 99 of 100
        ((22,), PROBLEM),  # 103 of 100
        ((10, 12), PROBLEM),
        ((None,), PROBLEM),
        ((3, None), PROBLEM),
    ],
)
def test_pools_against_what_is_declared(most: tuple[int | None, ...], expected: Severity | None) -> None:
    assert weight(pool_findings(pools(*most), ROLES, LIMITS)) == expected


def test_declared_connections_must_fit() -> None:
    assert weight(budget_findings(ROLES, DatabaseLimits(35, 10))) is None  # 2 x 2 x 5 + 5 + 10
    assert weight(budget_findings(ROLES, DatabaseLimits(34, 10))) is PROBLEM


@pytest.mark.parametrize(
    ("carry", "expected", "says"),
    [
        (Carry(), None, ""),
        (Carry(True, True, True, True), None, ""),
        (Carry(within=False, onward=False), PROBLEM, "another of the same slot"),
        (Carry(True, within_live=False, onward=False), PROBLEM, "of the live slot is refused by another"),
        (Carry(True, True, onward=False, back=False), PROBLEM, "refused by the other one"),
        (Carry(True, True, True, back=False), WARNING, "going back"),
    ],
)
def test_what_is_signed_must_be_accepted(carry: Carry, expected: Severity | None, says: str) -> None:
    for rule in (session_findings, csrf_findings):
        findings = rule(carry)
        assert weight(findings) == expected
        assert all(says in f.message for f in findings)


def test_memory_matters_from_the_second_process_on() -> None:
    about = (About(memory=("Flask-Limiter",)), About(memory=("Flask-Caching", "Flask-Limiter")))
    assert weight(memory_findings(about, 1)) is None
    (finding,) = memory_findings(about, 2)
    assert finding.severity is WARNING
    assert finding.message.startswith("Flask-Caching and Flask-Limiter ")
    assert weight(memory_findings((About(),), 8)) is None


def test_strays_are_named_ten_at_most() -> None:
    assert stray_findings("r", Strays()) == ()
    many = Strays(tuple(f"shop/uploads/{i}" for i in range(9)), ("shop/a.py",), ("shop/b.py",))
    (finding,) = stray_findings("r", many)
    assert finding.severity is PROBLEM
    assert finding.message.startswith("11 file(s) of release r are not as built: shop/uploads/0, ")
    assert finding.message.endswith("shop/a.py (changed) and 1 more")


@pytest.mark.parametrize(
    ("pace", "expected"),
    [
        (Pace(900.0, "/", 900.0, 10.0), None),  # below the floor
        (Pace(2000.0, "/", 20.0, 700.0), None),  # below three times the live one
        (Pace(2200.0, "/", 20.0, 700.0), WARNING),
        (Pace(30.0, "/", 1100.0, 300.0), WARNING),
        (Pace(3000.0, "/", 20.0, None), WARNING),
        (Pace(3000.0, "/", 1001.0, None), None),
    ],
)
def test_cold_means_far_slower_and_slow(pace: Pace, expected: Severity | None) -> None:
    assert weight(pace_findings(pace, Policy(cold_factor=3.0, cold_floor_ms=1000.0))) == expected


@pytest.mark.parametrize(
    ("life", "left", "expected"),
    [
        (90 * DAY, 31 * DAY, None),
        (90 * DAY, 29 * DAY, WARNING),
        (0.5 * DAY, 0.11 * DAY, None),
        (0.5 * DAY, 0.09 * DAY, WARNING),
        (90 * DAY, -1.0, WARNING),
    ],
)
def test_a_certificate_has_a_share_of_its_life_left(
    life: float, left: float, expected: Severity | None
) -> None:
    now = 1e9
    seen = Certificate("shop.test", "", True, now + left - life, now + left)
    assert weight(certificate_findings(seen, now)) == expected


def test_a_certificate_that_is_refused_or_another_one() -> None:
    assert weight(certificate_findings(Certificate("shop.test", "certificate has expired"), 0.0)) is PROBLEM
    other = Certificate("shop.test", "", False, 0.0, 100 * DAY)
    assert weight(certificate_findings(other, DAY)) is PROBLEM
    unknown = Certificate("shop.test", "", None, 0.0, 100 * DAY)
    assert weight(certificate_findings(unknown, DAY)) is None


@pytest.mark.parametrize(
    ("alive", "ready", "found"),
    [
        (200, 503, []),
        (404, 503, []),
        (503, 503, ["is not alive"]),
        (None, None, ["is not alive"]),
        (302, 503, ["is not alive"]),
        (200, 200, ["calls itself ready"]),
        (500, 204, ["is not alive", "calls itself ready"]),
        (200, None, []),
    ],
)
def test_alive_but_not_ready(alive: int | None, ready: int | None, found: list[str]) -> None:
    findings = liveness_findings("/healthz", alive, "/readyz", ready)
    assert [any(text in f.message for f in findings) for text in found] == [True] * len(findings)
    assert all(f.severity is PROBLEM and f.cure for f in findings)
