"""What may be wrong with an app or its environment: the known checks, and what they find."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """``info`` is good to know, ``warning`` will hurt at some deploy, ``problem`` hurts now or at the next one."""

    INFO = "info"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a check found: what it is, why it is so, what to do about it."""

    check: str
    severity: Severity
    message: str
    cause: str
    cure: str

    def to_json(self) -> dict[str, Any]:
        """For ``--json`` and the ledger."""
        return asdict(self)


class State(StrEnum):
    """How a check ended. ``inapplicable``: the app has no such thing; ``skipped``: it could not be asked now."""

    CLEAN = "clean"
    FOUND = "found"
    INAPPLICABLE = "inapplicable"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Check:
    """A thing that can be checked; docs/reference/checks.md has an entry under its ``name``.

    ``title`` says what is true when it is clean. ``deep``: it needs a slot of its own, launched for the question.
    """

    name: str
    title: str
    deep: bool = False


@dataclass(frozen=True, slots=True)
class Checked:
    """One check and its answer; ``note`` is a line for people."""

    check: Check
    state: State
    note: str = ""
    findings: tuple[Finding, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """For ``--json``."""
        found = [f.to_json() for f in self.findings]
        named = {"name": self.check.name, "title": self.check.title, "state": str(self.state)}
        return {**named, "note": self.note, "findings": found}


class Answers:
    """What all reports of checks have in common."""

    __slots__ = ()
    checked: tuple[Checked, ...]

    def findings(self, severity: Severity) -> tuple[Finding, ...]:
        """All findings of that severity."""
        return tuple(f for c in self.checked for f in c.findings if f.severity is severity)

    @property
    def problems(self) -> tuple[Finding, ...]:
        """What hurts now or at the next deploy."""
        return self.findings(Severity.PROBLEM)

    def counted(self) -> dict[str, Any]:
        """How many of each, and every check, for ``--json``."""
        counts = {f"{s}s": len(self.findings(s)) for s in (Severity.PROBLEM, Severity.WARNING)}
        return {**counts, "checks": [c.to_json() for c in self.checked]}


CHECKS: dict[str, Check] = {
    c.name: c
    for c in (
        Check("connection-budget", "two slots at once fit into the database's connections"),
        Check(
            "session-continuity", "a signed-in visitor stays signed in, whichever slot and process answers"
        ),
        Check("csrf-continuity", "an open form can be sent, whichever slot and process answers"),
        Check("memory-limiter", "rate limits and caches are shared by all processes"),
        Check("local-uploads", "nothing is written into the release's folder"),
        Check("certificate", "the edge serves the certificate that is on disk, and it is fresh"),
        Check("access", "what is private asks for a sign-in everywhere, what is public nowhere"),
        Check("relaunch", "the live release starts again with the configuration as it is now", deep=True),
        Check("cold-workers", "a fresh process answers about as fast as a warm one", deep=True),
        Check("liveness", "without database and store the app is alive and says it is not ready", deep=True),
    )
}
"""Every known check by its name, in the order in which answers are shown."""


CLUSTER_CHECKS: dict[str, Check] = {
    c.name: c
    for c in (
        Check("server-version", "the cluster is new enough"),
        Check("helm-version", "helm can be used and is kept up"),
        Check("rights", "this account may do what Greenroom does"),
        Check("nodes", "every node takes pods and lacks nothing"),
        Check("kinds", "the cluster has the kinds that the edge is made of"),
        Check("gateway", "the Gateway is at work and takes our routes"),
        Check("dns", "the environments' names lead to the edge"),
        Check("certificates", "the edge's certificates cover the environments' names"),
        Check("ingress-nginx", "no ingress class is served by ingress-nginx"),
        Check("host-paths", "no data lies in a folder of a node"),
        Check("storage-class", "a default StorageClass makes the volumes of environments' own databases"),
        Check("released-volumes", "no volume is left of a claim that has gone"),
        Check("stuck-namespaces", "no namespace is held on its way out"),
    )
}
"""The checks of the cluster itself; docs/reference/cluster-checks.md has an entry for each."""

GITLAB_CHECKS: dict[str, Check] = {
    c.name: c
    for c in (
        Check("gitlab-token", "the token may what Greenroom needs, no more, and lasts"),
        Check("gitlab-version", "GitLab gets security fixes"),
        Check("target-branches", "nobody rewrites or deletes the branches that others are merged into"),
        Check("variables", "secrets are masked, and production's reach protected branches only"),
        Check("runner", "a runner is there for the jobs"),
        Check("schedule", "a schedule sweeps also when no webhook and no push does"),
        Check("push-limit", "a push of many branches is noticed too"),
        Check("registry-delete", "the registry lets tags be removed"),
        Check("cleanup-policy", "the registry's cleanup policy takes nothing that runs"),
    )
}
"""The checks of the project's GitLab; docs/reference/gitlab-checks.md has an entry for each."""

_EVERY = {**CHECKS, **CLUSTER_CHECKS, **GITLAB_CHECKS}


def answered(name: str, findings: tuple[Finding, ...], note: str = "") -> Checked:
    """The answer of a check that could be asked."""
    return Checked(_EVERY[name], State.FOUND if findings else State.CLEAN, note, findings)


def inapplicable(name: str, note: str) -> Checked:
    """The answer of a check that has nothing to look at in this app."""
    return Checked(_EVERY[name], State.INAPPLICABLE, note)


def skipped(name: str, note: str) -> Checked:
    """The answer of a check that could not be asked."""
    return Checked(_EVERY[name], State.SKIPPED, note)
