"""The composition root: from a project's folder to the services' doors. Built lazily, piece by piece."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom import __version__
from greenroom.domain.access import AccessPolicy, Doorkeeping
from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.events import Emit, note
from greenroom.domain.fault import FAULT_VARIABLE, Fault
from greenroom.domain.policy import Policy
from greenroom.domain.project import Project
from greenroom.domain.secret import Secret
from greenroom.drivers.local.control import Control
from greenroom.drivers.local.doorkeeper import LocalDoorkeeper, doorkeeping
from greenroom.drivers.local.layout import Layout, open_layout
from greenroom.drivers.local.lease import LocalLease
from greenroom.drivers.local.logs import LocalLogs
from greenroom.drivers.local.platform import LocalPlatform, Service
from greenroom.drivers.local.public import PublicAddress, choose
from greenroom.drivers.local.secrets import SecretFile
from greenroom.drivers.system.real import this_machine
from greenroom.drivers.system.recall import recall
from greenroom.ports import Doors, Load, Resource
from greenroom.services.target import Target

if TYPE_CHECKING:
    from greenroom.drivers.builds import Builds
    from greenroom.drivers.local.breaking import LocalBreaker
    from greenroom.drivers.postgres.database import Database

FILE = "greenroom.toml"
STATE = ".greenroom"
PLATFORM_SECRETS = "_platform"

GATE_SECONDS = 5.0
"""How long a slot that is never ready is probed in a proof."""
FAULT_WATCH_SECONDS = 8.0
"""How long a slot that turns bad in a proof is watched; long enough for some pages a second to show it."""


class Wiring:
    """Everything of one project. ``policy`` replaces single figures of the project's policy."""

    def __init__(self, folder: Path, emit: Emit, environment: str = "production") -> None:
        self.folder = folder.absolute()
        self.emit = emit
        self.environment = environment
        self.machine = this_machine()
        self.clock = self.machine.clock
        self.override: dict[str, float] = {}

    @cached_property
    def project(self) -> Project:
        """What greenroom.toml says; checking it is the costly part of a command's start, so that is not repeated."""
        from greenroom.config import fingerprint, load

        file, kept = self.folder / FILE, self._root / "project.pickle"
        if not file.is_file() or not self._root.is_dir():
            return load(file)
        return recall(kept, fingerprint(file), partial(load, file))

    @property
    def policy(self) -> Policy:
        """The project's policy, with the command's own figures."""
        return replace(self.project.policy, **self.override)  # type: ignore[arg-type]

    @property
    def _root(self) -> Path:
        return Path(os.path.realpath(self.folder)) / STATE

    @cached_property
    def layout(self) -> Layout:
        """The state folder beside greenroom.toml."""
        layout = open_layout(self._root, os.environ.get("XDG_RUNTIME_DIR"))
        ignore = self._root / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n")
        return layout

    @cached_property
    def public(self) -> PublicAddress:
        """Host names and ports, chosen once."""
        home = os.environ.get("XDG_STATE_HOME") or str(Path("~/.local/state").expanduser())
        return choose(
            self.layout.root, self.project.edge, self.project.environments, Path(home) / "greenroom"
        )

    @cached_property
    def control(self) -> Control:
        """The way to the supervisor."""
        due = (sys.executable, "-m", "greenroom", "-C", str(self.folder), "due")
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
            progress=lambda text: self.emit(note(text)),
        )

    @cached_property
    def database(self) -> Database:
        """The database of each environment, and its word on the schema."""
        from greenroom.drivers.postgres.database import Database

        return Database(
            self.project.name,
            self.layout.short / "pg",
            partial(self._platform_secret, "POSTGRES_PASSWORD"),
            lambda env: self._secrets(env).get_or_make("DATABASE_PASSWORD"),
            self.clock,
        )

    @cached_property
    def resources(self) -> tuple[Resource, ...]:
        """What an environment owns, in the order of making."""
        from greenroom.drivers.local.app_secrets import AppSecrets
        from greenroom.drivers.local.door_resource import DoorResource
        from greenroom.drivers.s3.bucket import Bucket

        endpoint = f"http://{self._keeping().s3}"
        admin = partial(self._platform_secret, "S3_ADMIN_SECRET")
        private = {e for e, policy in self.policies().items() if policy.private}
        return (
            AppSecrets(self.layout.root / "secrets", self.layout.root / "mail", self.public.url),
            self.database,
            Bucket(self.project.name, endpoint, admin, self._secrets, self.clock, private.__contains__),
            DoorResource(self.doorkeeper),
        )

    def policies(self) -> Mapping[str, AccessPolicy]:
        """Who may see which environment."""
        return {e.name: AccessPolicy() for e in self.project.environments}

    @cached_property
    def doorkeeper(self) -> LocalDoorkeeper:
        """Who may see what is private, and the files that say so."""
        return LocalDoorkeeper(self.layout, self.machine.disk, self._keeping)

    def _keeping(self) -> Doorkeeping:
        return doorkeeping(self.project, self.public, self.policies())

    @cached_property
    def platform(self) -> LocalPlatform:
        """Supervisor, object store, database server, edge."""
        return LocalPlatform(self.layout, self.control, self.machine, self._services, self.doorkeeper.publish)

    @cached_property
    def doors(self) -> Doors:
        """The local target's doors."""
        from greenroom.drivers.ledger.sqlite import SqliteLedger
        from greenroom.drivers.local.inspecting import LocalInspector
        from greenroom.drivers.local.jobs import LocalJobs
        from greenroom.drivers.local.outside import LocalOutside
        from greenroom.drivers.local.stage import LocalStage
        from greenroom.drivers.local.traffic import LocalTraffic

        app, path = self.project.app, self.builds.path
        static, processes = app.static_url, self.project.web.processes
        outside = LocalOutside(self.layout, self.machine.net, self.public, static, self._keeping).look
        return Doors(
            stage=LocalStage(
                self.layout, self.control, self.machine, self.policy, app, self.project.roles, path
            ),
            traffic=LocalTraffic(self.layout, self.machine, self.public, self.doorkeeper.own_token),
            jobs=LocalJobs(self.layout, self.control, self.machine, app, path),
            schema=self.database,
            ledger=SqliteLedger(self.layout.root / "ledger.sqlite", self.clock),
            clock=self.clock,
            builder=self.builds,
            inspector=LocalInspector(
                self.layout, self.clock, self.public, processes, self.builds.strays, outside
            ),
            resources=self.resources,
        )

    @cached_property
    def logs(self) -> LocalLogs:
        """What the parts wrote."""
        return LocalLogs(self.layout, self.machine)

    def load(self, max_rate: float | None) -> Load:
        """A load on the environment's own public address, with the paths that the project's file names."""
        from greenroom.drivers.load import EVERY, Address, Load, Mix

        paths = self.project.prove
        statics = self._static_paths()
        mix = Mix(paths.pages, paths.slow, paths.echo, statics, EVERY, stream_path=paths.stream)
        host, token = self.public.host(self.environment), self.doorkeeper.own_token().reveal()
        address = Address(host, self.public.port, self.layout.ca, self.public.address, token)
        return Load(address, mix, max_rate)

    @property
    def breaker(self) -> LocalBreaker:
        """Kills parts, for proofs."""
        from greenroom.drivers.local.breaking import LocalBreaker

        return LocalBreaker(self.layout, self.machine, self.public.port)

    def planted(self, fault: Fault) -> Target:
        """The target with a fault planted into whatever is launched on it: a short gate, a watch of some seconds."""
        other = Wiring(self.folder, self.emit, self.environment)
        gate = {"probe_timeout": GATE_SECONDS} if fault is Fault.UNREADY else {}
        other.override = {**self.override, "watch": FAULT_WATCH_SECONDS, **gate}
        target = other.target
        planted = {FAULT_VARIABLE: fault.planted(self.clock.now())}
        return replace(target, app_values={**target.app_values, **planted})

    def _static_paths(self) -> tuple[str, ...]:
        """Two hashed files of the live release: they must stay reachable whatever is deployed."""
        from greenroom.drivers.builds.builds import manifest

        live = self.doors.traffic.observe(self.environment).live
        if live is None:
            return ()
        names = sorted(manifest(self.builds.path(live.rsplit("-", 1)[0])).values())
        return tuple(self.project.app.static_url + name for name in names[:2])

    @property
    def target(self) -> Target:
        """The environment with everything that services need. Raises when there is no such environment (exit 2)."""
        names = [e.name for e in self.project.environments]
        if self.environment not in names:
            raise GreenroomError(
                "no-environment",
                f"there is no environment {self.environment}",
                f"there is: {', '.join(names)}",
                Exit.USAGE,
            )
        return Target(
            environment=self.environment,
            doors=self.doors,
            lease=LocalLease(self.layout.root / "lease.lock", self.machine),
            platform=self.platform,
            policy=self.policy,
            roles=self.project.roles,
            limits=self.project.database,
            emit=self.emit,
            pages=self.project.prove.pages,
            app_values=dict(self.project.app.env),
        )

    def _secrets(self, environment: str) -> SecretFile:
        return SecretFile(self.layout.root / "secrets", environment)

    def _platform_secret(self, key: str) -> Secret:
        return self._secrets(PLATFORM_SECRETS).get_or_make(key)

    def _services(self) -> Sequence[Service]:
        from greenroom.drivers.local import services
        from greenroom.drivers.postgres.server import EmbeddedPostgres
        from greenroom.drivers.s3.server import EmbeddedS3, find

        store = EmbeddedS3(
            self.layout.root / "s3",
            self.public.services,
            self._platform_secret("S3_ADMIN_SECRET"),
            self._platform_secret("S3_JWT"),
        )
        postgres = EmbeddedPostgres(
            self.layout.root / "postgres",
            self.layout.short / "pg",
            partial(self._platform_secret, "POSTGRES_PASSWORD"),
            self.project.database.max_connections,
        )
        keeping, caddy = self._keeping(), find("caddy", "local")
        return (
            services.store_service(self.layout, store),
            services.sign_in_service(self.layout),
            services.edge_service(self.layout, self.public, self.project, keeping, caddy),
            services.database_service(self.layout, postgres),
        )
