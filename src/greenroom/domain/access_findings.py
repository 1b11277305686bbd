"""From what somebody without a sign-in gets to findings."""

from __future__ import annotations

from greenroom.domain.findings import Finding, Severity
from greenroom.domain.inspected import Outside


def access_findings(environment: str, seen: Outside) -> tuple[Finding, ...]:
    """Is what is private shut, and what is public open?"""
    if not seen.private:
        return tuple(_shut(environment, seen))
    return (*_open(environment, seen), *_readable(environment, seen))


def _open(environment: str, seen: Outside) -> list[Finding]:
    if not seen.passed:
        return []
    return [
        Finding(
            "access",
            Severity.PROBLEM,
            f"without a sign-in {environment} answers {', '.join(seen.passed)}",
            "the environment's mark at the edge is open although it should be private",
            "greenroom up brings the marks in line with the configuration; see who could: greenroom access show",
        )
    ]


def _readable(environment: str, seen: Outside) -> list[Finding]:
    if not seen.readable:
        return []
    return [
        Finding(
            "access",
            Severity.PROBLEM,
            f"uploads of {environment} can be read in the store {' and '.join(seen.readable)}",
            "the bucket's policy lets others read",
            "greenroom up removes the policy that lets everybody read",
        )
    ]


def _shut(environment: str, seen: Outside) -> list[Finding]:
    asks = f"asks for a sign-in at {', '.join(seen.stopped)}" if seen.stopped else ""
    what = asks or ("tells search engines to keep out" if seen.hidden else "")
    if not what:
        return []
    return [
        Finding(
            "access",
            Severity.PROBLEM,
            f"{environment} is public, and {what}",
            "the environment's mark at the edge is missing",
            "greenroom up",
        )
    ]
