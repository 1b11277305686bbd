"""What every use case receives: one environment with its doors, policy and configuration."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from greenroom.domain.environment import PRODUCTION, Environment, Tier
from greenroom.domain.events import Emit
from greenroom.domain.policy import Policy
from greenroom.domain.project import DatabaseLimits
from greenroom.domain.roles import Role, RoleKind
from greenroom.domain.secret import Secret
from greenroom.domain.stage import Observation, Slot
from greenroom.ports import Board, Doors, Lease, Platform, Values

_PRODUCTION = Environment(PRODUCTION, Tier.PRODUCTION, "")


@dataclass(frozen=True, slots=True)
class Target:
    """One environment of one project on one target. ``pages`` are those of the app that probes may ask.

    ``neighbours``: the leases of the other environments that stop when this one's platform does, in one order for everybody.
    ``keeping``: how many good releases an environment keeps. ``who``: the login name of whoever gives the command. ``outside``: is that commit known to be outside the target branch?
    ``shape``: a digest of what a slot is made of on this target besides its release and its app's values; empty where that is nothing.
    ``board``: where the team reads of deploys.
    """

    environment: str
    doors: Doors
    lease: Lease
    platform: Platform
    policy: Policy
    roles: tuple[Role, ...]
    limits: DatabaseLimits
    emit: Emit
    place: Environment = _PRODUCTION
    pages: tuple[str, ...] = ("/",)
    app_values: Mapping[str, str] = field(default_factory=dict)
    given: Callable[[], Values] = dict
    neighbours: Callable[[], tuple[Lease, ...]] = tuple
    keeping: Callable[[str], int] = lambda _environment: Policy().keep_releases
    who: str = ""
    outside: Callable[[str], bool] = lambda _commit: False
    pods: int = 1
    shape: str = ""
    board: Board | None = None

    @property
    def opening(self) -> tuple[Role, ...]:
        """The roles with all the processes that open database connections: the web role's run in each of its ``pods``."""
        web = RoleKind.WEB
        return tuple(
            replace(r, processes=r.processes * self.pods) if r.kind is web else r for r in self.roles
        )

    def values(self) -> Values:
        """The app's environment variables: what the resources give, the project's file says, and people gave in secret."""
        merged: dict[str, Secret] = {}
        for resource in self.doors.resources:
            merged.update(resource.values(self.environment))
        merged.update({key: Secret(value) for key, value in self.app_values.items()})
        merged.update(self.given())
        return merged

    def config(self) -> str:
        """A digest of the configuration that a slot would be launched with: 12 hex digits, and the target's shape of it after a point."""
        values = {key: value.reveal() for key, value in sorted(self.values().items())}
        text = json.dumps([values, [repr(r) for r in self.roles]], sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:12]
        return f"{digest}.{self.shape}" if self.shape else digest

    def has_values(self, slot: Slot) -> bool:
        """Does it run with the app's values and roles as they are now, whatever its shape?"""
        return slot.config.partition(".")[0] == self.config().partition(".")[0]

    def fits(self, slot: Slot) -> bool:
        """Has it the shape that a slot launched now would have?"""
        return slot.config.partition(".")[2] == self.shape

    def observe(self, schema: bool = True, start: bool = True) -> Observation:
        """Look at everything, now. Without ``schema`` the database is not asked (``heads`` is None); without ``start``
        only through what runs already.
        """
        stage = self.doors.stage.observe(self.environment)
        traffic = self.doors.traffic.observe(self.environment)
        return Observation(
            environment=self.environment,
            slots=stage.slots,
            up=stage.up,
            live=traffic.live,
            mode=traffic.mode,
            window=traffic.window,
            working=stage.working,
            heads=self.doors.schema.heads(self.environment, start) if schema else None,
            releases=self.doors.builder.releases(),
            next_number=stage.next_number,
            migrating=self.doors.jobs.migrating(self.environment),
        )
