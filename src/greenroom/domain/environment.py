"""Environments: identity and policy, never state."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from greenroom.domain.policy import Policy
from greenroom.domain.promotion import OPEN, Gate
from greenroom.domain.roles import Role, RoleKind

PRODUCTION = "production"
"""The name of the environment that every project has."""


class Tier(StrEnum):
    """How seriously an environment is taken."""

    PRODUCTION = "production"
    STAGING = "staging"
    DEVELOPMENT = "development"
    REVIEW = "review"


class TargetKind(StrEnum):
    """Where an environment runs: on this machine, or on a cluster."""

    LOCAL = "local"
    KUBERNETES = "kubernetes"


class Strategy(StrEnum):
    """The same steps, in two sizes: simple runs one process of each role, and lets the old slot go at once."""

    BLUE_GREEN = "blue-green"
    SIMPLE = "simple"


class Access(StrEnum):
    """Who may see it: anybody, or those who have signed in."""

    PUBLIC = "public"
    PRIVATE = "private"


class DatabaseKind(StrEnum):
    """Whose database an environment on a cluster has: its own on a server that several share, its own server in its
    namespace, or one that somebody else made."""

    SHARED = "shared"
    CHART = "chart"
    EXTERNAL = "external"


@dataclass(frozen=True, slots=True)
class Admitted:
    """Who may see a private environment; :class:`greenroom.domain.access.AccessPolicy` has the meaning of each."""

    users: tuple[str, ...] = ()
    allow_ips: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()


UNNAMED = Admitted()
"""Nobody in particular."""


@dataclass(frozen=True, slots=True)
class Environment:
    """One place where the app runs: ``name`` keys all its state, ``host`` is its public name.

    ``template``: the named database that a new one is a copy of. ``database``: the file's word on whose it has, if it says
    one. ``ttl`` and ``sleep_after`` in seconds: how long it
    lives after its last deploy, and how long without a request before it sleeps; None: for ever. ``gate``: the
    policy that a build must pass to come on stage here. ``env``: plain settings above the project's.
    """

    name: str
    tier: Tier
    host: str
    target: TargetKind = TargetKind.LOCAL
    strategy: Strategy = Strategy.BLUE_GREEN
    access: Access = Access.PUBLIC
    admitted: Admitted = UNNAMED
    template: str | None = None
    database: DatabaseKind | None = None
    ttl: float | None = None
    sleep_after: float | None = None
    gate: Gate = OPEN
    keep_releases: int | None = None
    env: tuple[tuple[str, str], ...] = ()

    def roles(self, roles: tuple[Role, ...]) -> tuple[Role, ...]:
        """The project's roles in this environment's size."""
        if self.strategy is Strategy.BLUE_GREEN:
            return roles
        return tuple(r if r.kind is RoleKind.CRON else replace(r, processes=1) for r in roles)

    def policy(self, policy: Policy) -> Policy:
        """The project's policy for this environment."""
        keep = self.keep_releases or policy.keep_releases
        if self.strategy is Strategy.BLUE_GREEN:
            return replace(policy, keep_releases=keep)
        return replace(policy, keep_releases=keep, keep_warm=0.0, watch=min(policy.watch, SIMPLE_WATCH))


SIMPLE_WATCH = 3.0
"""Seconds that a deploy to a simple environment watches at most."""
