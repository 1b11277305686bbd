"""From a project's folder to the doors of one environment. Built lazily, piece by piece."""

from __future__ import annotations

import getpass
import hashlib
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom import __version__
from greenroom.domain.environment import PRODUCTION, Environment
from greenroom.domain.events import Emit, note
from greenroom.domain.policy import Policy
from greenroom.domain.project import Project
from greenroom.domain.roles import Role, RoleKind
from greenroom.domain.rules import rule_of
from greenroom.drivers.local.control import Control
from greenroom.drivers.local.layout import Layout, open_layout
from greenroom.drivers.local.lease import LocalLease
from greenroom.drivers.local.logs import LocalLogs
from greenroom.drivers.local.platform import LocalPlatform, Service
from greenroom.drivers.local.public import PublicAddress, choose
from greenroom.drivers.local.records import LocalRecords
from greenroom.drivers.system.real import this_machine
from greenroom.drivers.system.recall import recall
from greenroom.ports import Doors, Forge, Lease
from greenroom.services.target import Target
from greenroom.wiring.places import known, place_of

if TYPE_CHECKING:
    from greenroom.drivers.builds import Builds
    from greenroom.drivers.ledger.sqlite import SqliteLedger
    from greenroom.drivers.local.doorkeeper import LocalDoorkeeper
    from greenroom.drivers.local.workbench import LocalWorkbench
    from greenroom.wiring.admitting import Admitting
    from greenroom.wiring.belongings import Belongings
    from greenroom.wiring.keeping import Keeping

FILE = "greenroom.toml"
STATE = ".greenroom"


class Wiring:
    """Everything of one project, seen from one environment. ``place`` is what is known of it, if anybody knows."""

    def __init__(
        self, folder: Path, emit: Emit, environment: str = PRODUCTION, place: Environment | None = None
    ) -> None:
        self.folder = folder.absolute()
        self.emit = emit
        self.environment = environment
        self._place = place
        self.machine = this_machine()
        self.clock = self.machine.clock
        self.override: dict[str, float] = {}

    @cached_property
    def project(self) -> Project:
        """What greenroom.toml says; checking it is the costly part of a command's start, so that is not repeated."""
        from greenroom.config import fingerprint, load

        file, kept = self.folder / FILE, self.root / "project.pickle"
        if not file.is_file() or not self.root.is_dir():
            return load(file)
        return recall(kept, fingerprint(file), partial(load, file))

    @cached_property
    def place(self) -> Environment:
        """The environment: from the project's file, or from its record. Raises when there is none (exit 2)."""
        return self._place or place_of(self.environment, self.project.rules, self.records)

    @cached_property
    def records(self) -> LocalRecords:
        """What is remembered of each environment."""
        return LocalRecords(self.layout, self.machine.disk)

    @property
    def policy(self) -> Policy:
        """The environment's policy, with the command's own figures."""
        return replace(self.place.policy(self.project.policy), **self.override)  # type: ignore[arg-type]

    @property
    def roles(self) -> tuple[Role, ...]:
        """The project's roles in the environment's size."""
        return self.place.roles(self.project.roles)

    @property
    def root(self) -> Path:
        """The state folder, which may not be there yet."""
        return Path(os.path.realpath(self.folder)) / STATE

    @cached_property
    def layout(self) -> Layout:
        """The state folder beside greenroom.toml."""
        layout = open_layout(self.root, os.environ.get("XDG_RUNTIME_DIR"))
        ignore = self.root / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n")
        return layout

    @cached_property
    def public(self) -> PublicAddress:
        """Host names and ports, chosen once, with this environment's own."""
        return self._chosen.known(self.place)

    @cached_property
    def _chosen(self) -> PublicAddress:
        """What the edge is configured for: the same whichever environment is looked at."""
        home = os.environ.get("XDG_STATE_HOME") or str(Path("~/.local/state").expanduser())
        return choose(self.layout.root, self.project.edge, self.project.rules, Path(home) / "greenroom")

    @cached_property
    def control(self) -> Control:
        """The way to the supervisor."""
        due = (sys.executable, "-m", "greenroom", "-C", str(self.folder))
        runtime = os.environ.get("XDG_RUNTIME_DIR") or "-"
        module = "greenroom.drivers.local.supervisor"
        command = (sys.executable, "-m", module, str(self.layout.root), runtime, *due)
        return Control(self.layout, self.machine, command, __version__)

    @cached_property
    def builds(self) -> Builds:
        """The builder."""
        from greenroom.drivers.builds import Builds, ServerLayer
        from greenroom.drivers.builds.server import packaged_requirements
        from greenroom.drivers.local.slot_units import server_layer

        pins = packaged_requirements()
        digest = hashlib.sha256("\n".join((*pins, server_layer())).encode()).hexdigest()
        return Builds(
            project=self.folder,
            state=self.layout.root,
            app=self.project.app,
            python=Path(sys.executable),
            server=ServerLayer(pins, digest),
            now=self.clock.now,
            environ=os.environ,
            progress=self._say,
        )

    @cached_property
    def belongings(self) -> Belongings:
        """What environments own, and the templates of their databases."""
        from greenroom.wiring.belongings import Belongings

        return Belongings(
            self.project, self.layout, self.clock, self.place, self.public, self.machine, self._say
        )

    @cached_property
    def platform(self) -> LocalPlatform:
        """Supervisor, object store, database server, edge."""
        publish = self.doorkeeper.publish
        return LocalPlatform(self.layout, self.control, self.machine, self._services, publish)

    @cached_property
    def _admitting(self) -> Admitting:
        from greenroom.wiring.admitting import Admitting

        disk = self.machine.disk
        return Admitting(self.project, self.layout, disk, self._chosen, self.records, self.belongings)

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

        app, path = self.project.app, self.builds.path
        web = next(r for r in self.roles if r.kind is RoleKind.WEB)
        processes, keeper = web.processes, self.doorkeeper
        outside = LocalOutside(self.layout, self.machine.net, self.public, app.static_url, keeper.keeping)
        return Doors(
            stage=LocalStage(self.layout, self.control, self.machine, self.policy, app, self.roles, path),
            traffic=LocalTraffic(self.layout, self.machine, self.public, keeper.own_token),
            jobs=LocalJobs(self.layout, self.control, self.machine, app, path),
            schema=self.belongings.database,
            ledger=self.ledger,
            clock=self.clock,
            builder=self.builds,
            inspector=LocalInspector(
                self.layout, self.clock, self.public, processes, self.builds.strays, outside.look
            ),
            records=self.records,
            resources=(*self.belongings.resources, DoorResource(keeper)),
        )

    @cached_property
    def ledger(self) -> SqliteLedger:
        """The project's history."""
        from greenroom.drivers.ledger.sqlite import SqliteLedger

        return SqliteLedger(self.layout.root / "ledger.sqlite", self.clock)

    @cached_property
    def logs(self) -> LocalLogs:
        """What the parts wrote."""
        return LocalLogs(self.layout, self.machine)

    @property
    def target(self) -> Target:
        """The environment with everything that services need. Raises when there is no such environment (exit 2)."""
        place = self.place
        return Target(
            environment=self.environment,
            doors=self.doors,
            lease=self._lease(self.environment),
            platform=self.platform,
            policy=self.policy,
            roles=self.roles,
            limits=self.project.database,
            emit=self.emit,
            place=place,
            pages=self.project.prove.pages,
            given=self.keeping.values,
            app_values={**dict(self.project.app.env), **dict(place.env)},
            neighbours=self._neighbours,
            keeping=self._keeping,
            who=os.environ.get("GITLAB_USER_LOGIN") or getpass.getuser(),
            outside=lambda commit: self.forge.is_merged(commit) is False,
        )

    @cached_property
    def bench(self) -> LocalWorkbench:
        """The project's folder as it is, for development."""
        from greenroom.drivers.local.workbench import LocalWorkbench

        return LocalWorkbench(self.folder, self.project.app, self.builds.workbench)

    @cached_property
    def keeping(self) -> Keeping:
        """Secrets that people gave."""
        from greenroom.wiring.keeping import Keeping

        return Keeping(self.folder, self.layout.root, self.place, self.project.secrets)

    @cached_property
    def forge(self) -> Forge:
        """Where the branches live."""
        from greenroom.drivers.forge import GitForge

        return GitForge(self.folder, os.environ, self._target_branches)

    @property
    def _target_branches(self) -> tuple[str, ...]:
        production = rule_of(self.project.rules, PRODUCTION)
        refs = production.refs if production else ()
        return tuple(r for r in refs if "*" not in r and "{" not in r) or ("master", "main")

    def _say(self, text: str) -> None:
        self.emit(note(text))

    def _neighbours(self) -> tuple[Lease, ...]:
        there = {r.name for r in self.records.all()} | {
            r.name for r in self.project.rules if not r.per_branch
        }
        return tuple(self._lease(name) for name in sorted(there - {self.environment}))

    def _keeping(self, environment: str) -> int:
        place = known(environment, self.project.rules, self.records)
        return (place.keep_releases if place else None) or self.project.policy.keep_releases

    def _lease(self, environment: str) -> LocalLease:
        return LocalLease(self.layout.lease(environment), self.machine)

    def _services(self) -> Sequence[Service]:
        from greenroom.wiring.parts import platform_services

        own = self.belongings
        return platform_services(
            self.layout, self._chosen, self.project, own.platform_secret, own.buckets, self._admitting.host
        )
