"""Who may see which environment: from rules and records to what the sign-in service is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace

from greenroom.domain.access import AccessPolicy, Doorkeeping
from greenroom.domain.environment import PRODUCTION, Environment
from greenroom.domain.project import Project
from greenroom.domain.record import State, made_by
from greenroom.drivers.local.doorkeeper import LocalDoorkeeper
from greenroom.drivers.local.layout import Layout
from greenroom.drivers.local.public import PublicAddress
from greenroom.drivers.system.machine import Disk
from greenroom.ports import Records
from greenroom.wiring.belongings import Belongings


class Admitting:
    """``public`` is the address that the edge is configured for."""

    def __init__(
        self,
        project: Project,
        layout: Layout,
        disk: Disk,
        public: PublicAddress,
        records: Records,
        belongings: Belongings,
    ) -> None:
        self._project, self._public = project, public
        self._records, self._belongings = records, belongings
        self.doorkeeper = LocalDoorkeeper(layout, disk, self.keeping)

    def places(self) -> tuple[Environment, ...]:
        """Every environment that there is or will be without a branch of its own."""
        rules = self._project.rules
        fixed = {r.name: r.environment(r.name) for r in rules if not r.per_branch}
        for record in self._records.all():
            if record.name not in fixed and record.state is not State.GOING:
                fixed[record.name] = record.environment(made_by(rules, record))
        return tuple(fixed.values())

    def policies(self) -> Mapping[str, AccessPolicy]:
        """Who may see each of them."""
        return {place.name: AccessPolicy(place.access, **asdict(place.admitted)) for place in self.places()}

    @property
    def host(self) -> str:
        """The sign-in's host."""
        return self._project.sign_in.host or f"sign-in.{self._public.host(PRODUCTION)}"

    def keeping(self) -> Doorkeeping:
        """What the sign-in service is told."""
        places, store = self.places(), self._belongings.store
        return Doorkeeping(
            project=self._project.name,
            port=self._public.port,
            sign_in=replace(self._project.sign_in, host=self.host),
            hosts={self._public.known(place).host(place.name): place.name for place in places},
            policies=self.policies(),
            s3=store.endpoint,
            region=store.region,
            buckets={place.name: self._belongings.bucket.label(place.name) for place in places},
        )
