"""Examine the cluster itself: what will hurt whichever environment is brought there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.findings import CLUSTER_CHECKS, Checked, Finding, Severity, skipped
from greenroom.ports.examining import ClusterExaminer


@dataclass(frozen=True, slots=True)
class ClusterReport:
    """What was found on the cluster."""

    checked: tuple[Checked, ...]

    @property
    def title(self) -> str:
        """What was looked at."""
        return "the cluster"

    def findings(self, severity: Severity) -> tuple[Finding, ...]:
        """All findings of that severity."""
        return tuple(f for c in self.checked for f in c.findings if f.severity is severity)

    @property
    def problems(self) -> tuple[Finding, ...]:
        """What hurts now or at the next deploy."""
        return self.findings(Severity.PROBLEM)

    def to_json(self) -> dict[str, Any]:
        """For ``--json``."""
        counts = {f"{s}s": len(self.findings(s)) for s in (Severity.PROBLEM, Severity.WARNING)}
        return {**counts, "checks": [c.to_json() for c in self.checked]}


def examine(examiner: ClusterExaminer, names: Sequence[str] = ()) -> ClusterReport:
    """Ask the named checks, or all; one that this account may not look into is skipped, with the refusal.

    Raises when there is no such check (exit 2) or the cluster is away.
    """
    unknown = [name for name in names if name not in CLUSTER_CHECKS]
    if unknown:
        there = ", ".join(CLUSTER_CHECKS)
        raise GreenroomError(
            "unknown-check", f"there is no check {unknown[0]} of a cluster", f"there is: {there}", Exit.USAGE
        )
    return ClusterReport(tuple(_asked(examiner, n) for n in CLUSTER_CHECKS if not names or n in names))


def _asked(examiner: ClusterExaminer, name: str) -> Checked:
    try:
        return examiner.check(name)
    except GreenroomError as error:
        if error.code == "no-right":
            return skipped(name, error.message)
        raise
