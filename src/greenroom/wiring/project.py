"""From a project's folder to the doors of one environment. Built lazily, piece by piece."""

from __future__ import annotations

import getpass
import hashlib
import os
import sys
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.domain.environment import PRODUCTION, Environment, TargetKind
from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.events import Emit, note
from greenroom.domain.policy import Policy
from greenroom.domain.project import Project
from greenroom.domain.roles import Role
from greenroom.domain.rules import rule_of
from greenroom.drivers.local.layout import Layout, open_layout
from greenroom.drivers.local.records import LocalRecords
from greenroom.drivers.system.real import this_machine
from greenroom.drivers.system.recall import recall
from greenroom.ports import Forge, Lease, Records
from greenroom.services.target import Target
from greenroom.wiring.places import known, place_of

if TYPE_CHECKING:
    from greenroom.drivers.builds import Builds
    from greenroom.drivers.local.workbench import LocalWorkbench
    from greenroom.wiring.keeping import Keeping
    from greenroom.wiring.local import LocalSite
    from greenroom.wiring.site import Site

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
    def records(self) -> Records:
        """What is remembered of each environment, wherever it runs."""
        local = LocalRecords(self.layout, self.machine.disk)
        if not any(r.like.target is TargetKind.KUBERNETES for r in self.project.rules):
            return local
        from greenroom.drivers.system.joined_records import JoinedRecords
        from greenroom.wiring.kubernetes import cluster_records

        return JoinedRecords(self.project.rules, local, cluster_records(self))

    @cached_property
    def site(self) -> Site:
        """Where the environment runs."""
        if self.place.target is TargetKind.KUBERNETES:
            from greenroom.wiring.kubernetes import ClusterSite

            return ClusterSite(self)
        from greenroom.wiring.local import LocalSite

        return LocalSite(self)

    @property
    def local(self) -> LocalSite:
        """This machine. Raises (exit 2) where the environment runs elsewhere."""
        from greenroom.wiring.local import LocalSite

        if isinstance(self.site, LocalSite):
            return self.site
        raise GreenroomError(
            "not-local",
            f"{self.environment} does not run on this machine, and this is about one that does",
            "choose another: greenroom -e NAME ...",
            Exit.USAGE,
        )

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
            progress=self.say,
        )

    @property
    def target(self) -> Target:
        """The environment with everything that services need. Raises when there is no such environment (exit 2)."""
        place, site = self.place, self.site
        return Target(
            environment=self.environment,
            doors=site.doors,
            lease=site.lease(self.environment),
            platform=site.platform,
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
            pods=site.most_replicas,
            shape=site.shape,
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

        return Keeping(self.folder, self.place, self.project.secrets, self.site.given, self.site.keys)

    @cached_property
    def forge(self) -> Forge:
        """Where the branches live."""
        from greenroom.drivers.forge import GitForge

        return GitForge(self.folder, os.environ, self.target_branches)

    @property
    def target_branches(self) -> tuple[str, ...]:
        """The branches that others are merged into; the first one that exists counts."""
        production = rule_of(self.project.rules, PRODUCTION)
        refs = production.refs if production else ()
        return tuple(r for r in refs if "*" not in r and "{" not in r) or ("master", "main")

    def say(self, text: str) -> None:
        """A line for people who watch."""
        self.emit(note(text))

    def _neighbours(self) -> tuple[Lease, ...]:
        """The leases of the other environments that stop with this one: those of one machine do, on a cluster none does."""
        if self.place.target is TargetKind.KUBERNETES:
            return ()
        there = {r.name for r in self.records.all()} | {
            r.name for r in self.project.rules if not r.per_branch
        }
        others = sorted(there - {self.environment})
        places = {name: known(name, self.project.rules, self.records) for name in others}
        mine = [name for name, place in places.items() if place and place.target is self.place.target]
        return tuple(self.site.lease(name) for name in mine)

    def _keeping(self, environment: str) -> int:
        place = known(environment, self.project.rules, self.records)
        return (place.keep_releases if place else None) or self.project.policy.keep_releases
