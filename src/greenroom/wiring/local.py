"""This machine as the place where an environment runs. Built lazily, piece by piece."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom import __version__
from greenroom.domain.roles import web_of
from greenroom.drivers.local.control import Control
from greenroom.drivers.local.lease import LocalLease
from greenroom.drivers.local.logs import LocalLogs
from greenroom.drivers.local.platform import LocalPlatform, Service
from greenroom.drivers.local.public import PublicAddress, choose
from greenroom.ports import Doors

if TYPE_CHECKING:
    from greenroom.drivers.ledger.sqlite import SqliteLedger
    from greenroom.drivers.load import Address
    from greenroom.drivers.local.breaking import LocalBreaker
    from greenroom.drivers.local.doorkeeper import LocalDoorkeeper
    from greenroom.drivers.system.secret_box import GivenSecrets, SigningKeys
    from greenroom.wiring.admitting import Admitting
    from greenroom.wiring.belongings import Belongings
    from greenroom.wiring.project import Wiring


class LocalSite:
    """See :class:`greenroom.wiring.site.Site`."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._layout = wiring.layout
        self._machine = wiring.machine

    @cached_property
    def public(self) -> PublicAddress:
        """Host names and ports, chosen once, with this environment's own."""
        return self._chosen.known(self._wiring.place)

    @cached_property
    def _chosen(self) -> PublicAddress:
        """What the edge is configured for: the same whichever environment is looked at."""
        home = os.environ.get("XDG_STATE_HOME") or str(Path("~/.local/state").expanduser())
        return choose(
            self._layout.root, self._wiring.project.edge, self._wiring.project.rules, Path(home) / "greenroom"
        )

    @cached_property
    def control(self) -> Control:
        """The way to the supervisor."""
        due = (sys.executable, "-m", "greenroom", "-C", str(self._wiring.folder))
        runtime = os.environ.get("XDG_RUNTIME_DIR") or "-"
        module = "greenroom.drivers.local.supervisor"
        command = (sys.executable, "-m", module, str(self._layout.root), runtime, *due)
        return Control(self._layout, self._machine, command, __version__)

    @cached_property
    def belongings(self) -> Belongings:
        """What environments own, and the templates of their databases."""
        from greenroom.wiring.belongings import Belongings

        return Belongings(
            self._wiring.project,
            self._layout,
            self._wiring.clock,
            self._wiring.place,
            self.public,
            self._machine,
            self._wiring.say,
        )

    @cached_property
    def platform(self) -> LocalPlatform:
        """Supervisor, object store, database server, edge."""
        publish = self.doorkeeper.publish
        return LocalPlatform(self._layout, self.control, self._machine, self._services, publish)

    @cached_property
    def _admitting(self) -> Admitting:
        from greenroom.wiring.admitting import Admitting

        disk = self._machine.disk
        return Admitting(
            self._wiring.project, self._layout, disk, self._chosen, self._wiring.records, self.belongings
        )

    @property
    def doorkeeper(self) -> LocalDoorkeeper:
        """Who may see what is private, and the files that say so."""
        return self._admitting.doorkeeper

    @cached_property
    def doors(self) -> Doors:
        """The local target's doors."""
        from greenroom.drivers.local.door_resource import DoorResource
        from greenroom.drivers.local.inspecting import LocalInspector
        from greenroom.drivers.local.jobs import LocalJobs
        from greenroom.drivers.local.outside import LocalOutside
        from greenroom.drivers.local.stage import LocalStage
        from greenroom.drivers.local.traffic import LocalTraffic

        app, path = self._wiring.project.app, self._wiring.builds.path
        web = web_of(self._wiring.roles)
        processes, keeper = web.processes, self.doorkeeper
        outside = LocalOutside(self._layout, self._machine.net, self.public, app.static_url, keeper.keeping)
        return Doors(
            stage=LocalStage(
                self._layout, self.control, self._machine, self._wiring.policy, app, self._wiring.roles, path
            ),
            traffic=LocalTraffic(self._layout, self._machine, self.public, keeper.own_token),
            jobs=LocalJobs(self._layout, self.control, self._machine, app, path),
            schema=self.belongings.database,
            ledger=self.ledger,
            clock=self._wiring.clock,
            builder=self._wiring.builds,
            inspector=LocalInspector(
                self._layout,
                self._wiring.clock,
                self.public,
                processes,
                self._wiring.builds.strays,
                outside.look,
            ),
            records=self._wiring.records,
            resources=(*self.belongings.resources, DoorResource(keeper)),
        )

    @cached_property
    def ledger(self) -> SqliteLedger:
        """The project's history."""
        from greenroom.drivers.ledger.sqlite import SqliteLedger

        return SqliteLedger(self._layout.root / "ledger.sqlite", self._wiring.clock)

    @cached_property
    def logs(self) -> LocalLogs:
        """What the parts wrote."""
        return LocalLogs(self._layout, self._machine)

    @cached_property
    def given(self) -> GivenSecrets:
        """Secrets that people gave."""
        from greenroom.drivers.local.secrets import given_secrets

        return given_secrets(self._layout.root / "secrets")

    @property
    def keys(self) -> SigningKeys:
        """The key that the environment signs with."""
        from greenroom.drivers.local.secrets import SecretFile
        from greenroom.drivers.system.secret_box import SigningKeys

        return SigningKeys(SecretFile(self._layout.root / "secrets", self._wiring.environment))

    @property
    def breaker(self) -> LocalBreaker:
        """Kills parts."""
        from greenroom.drivers.local.breaking import LocalBreaker

        return LocalBreaker(self._layout, self._machine, self.public.port)

    @property
    def address(self) -> Address:
        """Where a load finds the edge."""
        from greenroom.drivers.load import Address

        public, token = self.public, self.doorkeeper.own_token().reveal()
        host = public.host(self._wiring.environment)
        shown = (("x-greenroom-token", token),)
        return Address(host, public.port, self._layout.ca, public.address, shown)

    @property
    def replicas(self) -> None:
        """This is one machine."""

    @property
    def most_replicas(self) -> int:
        """A slot is one here."""
        return 1

    @property
    def shape(self) -> str:
        """Door and sizes are not the slot's here."""
        return ""

    def url(self, environment: str) -> str:
        """The environment's public address."""
        return self.public.url(environment)

    def lease(self, environment: str) -> LocalLease:
        """The lease of an environment."""
        return LocalLease(self._layout.lease(environment), self._machine)

    def _services(self) -> Sequence[Service]:
        from greenroom.wiring.parts import platform_services

        own = self.belongings
        return platform_services(
            self._layout,
            self._chosen,
            self._wiring.project,
            own.platform_secret,
            own.buckets,
            self._admitting.host,
        )
