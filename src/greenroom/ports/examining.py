"""The door through which a cluster is examined. Nothing is changed by looking."""

from __future__ import annotations

from typing import Protocol

from greenroom.domain.findings import Checked


class ClusterExaminer(Protocol):
    """Answers the checks of :data:`greenroom.domain.findings.CLUSTER_CHECKS`."""

    def check(self, name: str) -> Checked:
        """One check's answer. Raises when the cluster refuses to show what it needs (``no-right``) or is away."""
