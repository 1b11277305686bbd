"""The door through which a cluster, or the project's GitLab, is examined."""

from __future__ import annotations

from typing import Protocol

from greenroom.domain.findings import Checked


class Examiner(Protocol):
    """Answers the checks of :data:`greenroom.domain.findings.CLUSTER_CHECKS` or ``GITLAB_CHECKS``."""

    def check(self, name: str) -> Checked:
        """One check's answer; nothing is changed by looking. Raises when it is refused what it needs, or what is examined is away."""

    def fix(self, name: str) -> tuple[str, ...]:
        """Change what that check finds, where that can be done from here; what was done, as sentences."""
