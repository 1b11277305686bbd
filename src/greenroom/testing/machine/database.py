"""The simulated database server: revisions that were applied, the migrations' lock, and what a release brings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from greenroom.domain.release import Release
from greenroom.domain.revisions import RevisionGraph
from greenroom.drivers.system.files import read_json, write_json
from greenroom.testing.machine.disk import SimulatedDisk
from greenroom.testing.machine.processes import Process
from greenroom.testing.machine.scheduling import Scheduler


@dataclass
class Database:
    """``heads`` survive everything: a commit is durable. ``failing`` revisions end with an error."""

    scheduler: Scheduler
    is_up: Callable[[], bool]
    heads: frozenset[str] = frozenset()
    failing: set[str] = field(default_factory=set)
    holder: Process | None = None
    migrating: list[Process] = field(default_factory=list)
    changed: Callable[[], None] = lambda: None
    crowded: Callable[[str], None] = lambda _what: None

    def read(self) -> frozenset[str] | None:
        """The heads, or None when the server does not answer."""
        self.scheduler.step("read the schema's heads")
        return self.heads if self.is_up() else None

    def apply(self, process: Process, revision: str, parents: tuple[str, ...]) -> bool:
        """One revision in one transaction; false when it fails or the server dies meanwhile."""
        self.migrating = [p for p in self.migrating if p.alive] + [process]
        if len(self.migrating) > 1:
            self.crowded("two migrations run at the same time")
        self.scheduler.sleep(0.1 + self.scheduler.rng.random())
        self.migrating.remove(process)
        if revision in self.failing or not self.is_up():
            return False
        self.scheduler.step(f"commit {revision}")
        self.heads = (self.heads - frozenset(parents)) | {revision}
        self.changed()
        return True

    def take_lock(self, process: Process) -> None:
        """The advisory lock of migrations; it dies with its holder."""
        while self.holder is not None and self.holder.alive and self.holder is not process:
            self.scheduler.sleep(0.1)
        self.holder = process


def run_job(
    process: Process, spec: Path, disk: SimulatedDisk, database: Database, releases: dict[str, Release]
) -> int:
    """What :mod:`greenroom.drivers.local.job_runner` does, with a simulated command below it."""
    told = read_json(spec, disk) or {}
    code = 0
    if told.get("lock"):
        database.take_lock(process)
        release = releases[told["env"]["GREENROOM_RELEASE"]]
        known = {r.id: r for one in releases.values() for r in one.revisions.revisions}
        for revision in release.revisions.pending(database.heads, RevisionGraph(tuple(known.values()))):
            if not database.apply(process, revision.id, revision.parents):
                code = 1
                break
    else:
        database.scheduler.sleep(0.5)
    write_json(spec.with_name("result.json"), {"exit": code}, disk=disk)
    database.holder = None if database.holder is process else database.holder
    return 0
