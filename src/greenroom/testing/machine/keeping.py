"""What the simulated machine keeps: builds, history, a resource that stands for the database and bucket."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.provenance import Provenance
from greenroom.domain.release import Release
from greenroom.domain.secret import Secret
from greenroom.drivers.memory.keeping import MemoryLedger
from greenroom.drivers.memory.world import World
from greenroom.drivers.system.files import write_whole
from greenroom.ports import Entry, Presence, Values
from greenroom.testing.machine.database import Database
from greenroom.testing.machine.disk import SimulatedDisk
from greenroom.testing.machine.scheduling import Scheduler

BUILDS = Path("/s/builds")


@dataclass(eq=False)
class Builds:
    """See :class:`greenroom.ports.Builder`: releases that are there from the start, with a hashed static file each."""

    scheduler: Scheduler
    disk: SimulatedDisk
    all: dict[str, Release]

    head: str = ""

    def lay_out(self, release: Release) -> None:
        """Write a build's files; its presence is known by its manifest, which comes last."""
        folder = self.path(release.id)
        self.disk.make_folder(folder / "static")
        self.disk.create(folder / "static" / f"app.{release.id}.css", b"css")
        manifest = json.dumps({"app.css": f"app.{release.id}.css"})
        write_whole(folder / "manifest.json", manifest, disk=self.disk)
        self.disk.sync_folder(folder / "static")
        self.disk.sync_folder(BUILDS)

    def path(self, id: str) -> Path:
        """A build's folder."""
        return BUILDS / id

    def build(self, ref: str = "HEAD", dirty: bool = False) -> Release:
        release = self.all[self.head if ref == "HEAD" else ref]
        if not self._is_there(release.id):
            self.lay_out(release)
        return release

    def releases(self) -> tuple[Release, ...]:
        there = [r for r in self.all.values() if self._is_there(r.id)]
        return tuple(sorted(there, key=lambda r: r.created_at))

    def get(self, id: str) -> Release:
        if not self._is_there(id):
            raise GreenroomError("no-release", f"there is no release {id}", "greenroom releases", Exit.USAGE)
        return self.all[id]

    def remove(self, id: str) -> None:
        self.disk.remove(self.path(id) / "manifest.json")
        self.disk.remove_tree(self.path(id))

    def _is_there(self, id: str) -> bool:
        return self.disk.exists(self.path(id) / "manifest.json")

    def provenance(self, id: str, deep: bool = True) -> Provenance:
        one = self.get(id)
        return Provenance(one.id, one.digest, "", one.commit, "", "", "", "simulated", one.created_at)

    def collect(self) -> object:
        return None


@dataclass(eq=False)
class History:
    """See :class:`greenroom.ports.Ledger`: durable with the return of ``append``, like a full-synchronous SQLite."""

    scheduler: Scheduler
    world: World = field(default_factory=World)

    def append(self, environment: str, kind: str, **data: Any) -> Entry:
        self.scheduler.step(f"ledger {kind}")
        self.world.time = self.scheduler.now
        return MemoryLedger(self.world).append(environment, kind, **data)

    def entries(
        self, environment: str | None = None, kind: str | None = None, last: int | None = None
    ) -> tuple[Entry, ...]:
        return MemoryLedger(self.world).entries(environment, kind, last)

    def verify(self) -> int:
        return MemoryLedger(self.world).verify()


@dataclass(frozen=True, slots=True)
class Schema:
    """See :class:`greenroom.ports.Schema`."""

    database: Database

    def heads(self, environment: str, start: bool = True) -> frozenset[str] | None:
        return self.database.read()


@dataclass(eq=False)
class Bucket:
    """See :class:`greenroom.ports.Resource`: stands for the database, the bucket and their keys."""

    scheduler: Scheduler
    database: Database
    there: bool = False
    name: str = "database"

    def observe(self, environment: str) -> Presence:
        return Presence(self.there)

    def ensure(self, environment: str) -> None:
        self.scheduler.step("ensure the database")
        self._ask()
        self.there = True

    def values(self, environment: str) -> Values:
        return {"DATABASE_URL": Secret("postgresql://shop@/shop"), "SECRET_KEY": Secret("0123456789")}

    def unreachable(self, environment: str) -> Values:
        return {"DATABASE_URL": Secret("postgresql://nobody@127.0.0.1:1/none")}

    def remove(self, environment: str) -> None:
        self.scheduler.step("drop the database")
        self._ask()
        self.there = False
        self.database.heads = frozenset()

    def residue(self, environment: str) -> tuple[str, ...]:
        return (environment,) if self.there else ()

    def found(self) -> Mapping[str, str]:
        return {"production": self.name} if self.there else {}

    def _ask(self) -> None:
        if not self.database.is_up():
            raise GreenroomError("database", "PostgreSQL does not let us in", "greenroom up")
