"""The doors of what is kept: ledger, builds, lease, resources, platform."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from greenroom.domain.anonymise import Column, Rules
from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.provenance import Provenance
from greenroom.domain.record import Record
from greenroom.domain.release import Release
from greenroom.domain.secret import Secret
from greenroom.drivers.memory.world import World
from greenroom.ports import (
    Entry,
    Holder,
    Part,
    Presence,
    Template,
    Values,
)


@dataclass(slots=True)
class MemoryLedger:
    """A list with the same chain as the real one."""

    world: World

    def append(self, environment: str, kind: str, **data: Any) -> Entry:
        before = self.world.entries[-1].hash if self.world.entries else ""
        text = json.dumps([before, self.world.time, environment, kind, data], sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()
        entry = Entry(len(self.world.entries) + 1, self.world.time, environment, kind, data, digest)
        self.world.effect(f"ledger {kind}")
        self.world.entries.append(entry)
        return entry

    def entries(
        self, environment: str | None = None, kind: str | None = None, last: int | None = None
    ) -> tuple[Entry, ...]:
        found = [
            e for e in self.world.entries if environment in (None, e.environment) and kind in (None, e.kind)
        ]
        return tuple(found[-last:] if last else found)

    def verify(self) -> int:
        before = ""
        for e in self.world.entries:
            text = json.dumps([before, e.at, e.environment, e.kind, dict(e.data)], sort_keys=True)
            if hashlib.sha256(text.encode()).hexdigest() != e.hash:
                raise GreenroomError(
                    "ledger-broken", f"entry {e.seq} does not fit the chain", exit=Exit.UNSAFE
                )
            before = e.hash
        return len(self.world.entries)


@dataclass(slots=True)
class MemoryRecords:
    """A dictionary of records."""

    world: World

    def all(self) -> tuple[Record, ...]:
        return tuple(record for _, record in sorted(self.world.records.items()))

    def get(self, name: str) -> Record | None:
        return self.world.records.get(name)

    def put(self, record: Record) -> None:
        self.world.effect(f"record {record.name} {record.state}")
        self.world.records[record.name] = record

    def drop(self, name: str) -> None:
        self.world.effect(f"drop the record {name}")
        self.world.records.pop(name, None)


@dataclass(slots=True)
class MemoryBuilder:
    """Builds are put into ``world.releases`` by the test."""

    world: World

    def build(self, ref: str = "HEAD", dirty: bool = False) -> Release:
        return self.get(ref)

    def releases(self) -> tuple[Release, ...]:
        return tuple(sorted(self.world.releases.values(), key=lambda r: r.created_at))

    def get(self, id: str) -> Release:
        try:
            return self.world.releases[id]
        except KeyError:
            raise GreenroomError(
                "no-release", f"there is no release {id}", "greenroom releases", Exit.USAGE
            ) from None

    def remove(self, id: str) -> None:
        self.world.effect(f"remove {id}")
        self.world.releases.pop(id, None)

    def provenance(self, id: str, deep: bool = True) -> Provenance:
        one = self.get(id)
        content = self.world.altered.get(one.id, one.digest)
        return Provenance(one.id, content, "", one.commit, "", "", "", "memory", one.created_at)

    def collect(self) -> object:
        return None


@dataclass(slots=True)
class MemoryLease:
    """Freed when its block is left, by a crash too: the death of a holder frees a real one."""

    world: World

    @contextmanager
    def hold(self, what: str, wait: float) -> Iterator[None]:
        if self.world.held_by is not None:
            raise GreenroomError(
                "locked", f"{self.world.held_by} is running", "greenroom unlock", Exit.LOCKED
            )
        self.world.held_by = what
        try:
            yield
        finally:
            self.world.held_by = None

    def check(self) -> None:
        if self.world.held_by is None:
            raise GreenroomError("lease-lost", "somebody has freed it", "greenroom status", Exit.LOCKED)

    def forget(self) -> None:
        return None

    def holder(self) -> Holder | None:
        return Holder(self.world.held_by, "memory", self.world.time) if self.world.held_by else None

    def free(self) -> Holder | None:
        holder, self.world.held_by = self.holder(), None
        return holder


@dataclass(slots=True)
class MemoryResource:
    """Something that is there or not. With a ``world`` it stands for its database, schema included."""

    there: set[str]
    name: str = "memory"
    world: World | None = None

    def observe(self, environment: str) -> Presence:
        there = environment in self.there
        return Presence(there, bytes=0 if there else None)

    def ensure(self, environment: str) -> None:
        self._effect(f"ensure {self.name}")
        self.there.add(environment)

    def values(self, environment: str) -> Values:
        return {"SECRET_KEY": Secret(f"secret of {environment}")}

    def unreachable(self, environment: str) -> Values:
        return {"DATABASE_URL": Secret("nowhere")}

    def remove(self, environment: str) -> None:
        self._effect(f"remove {self.name}")
        self.there.discard(environment)
        if self.world is not None:
            self.world.heads = frozenset()

    def residue(self, environment: str) -> tuple[str, ...]:
        return (environment,) if environment in self.there else ()

    def found(self) -> Mapping[str, str]:
        return dict.fromkeys(sorted(self.there), self.name)

    def _effect(self, name: str) -> None:
        if self.world is not None:
            self.world.effect(name)


@dataclass(slots=True)
class MemoryTemplates:
    """Copies of lists of columns. ``tables`` by environment; a refresh that fails leaves the old template."""

    world: World
    tables: dict[str, tuple[Column, ...]] = field(default_factory=dict)
    made: dict[str, Template] = field(default_factory=dict)
    busy: set[str] = field(default_factory=set)

    def columns(self, environment: str) -> tuple[Column, ...]:
        if environment not in self.tables:
            raise GreenroomError("no-database", f"environment {environment} has no database", exit=Exit.USAGE)
        return self.tables[environment]

    def refresh(self, name: str, source: str, prepare: Callable[[Secret], object]) -> None:
        if name in self.busy:
            raise GreenroomError("locked", f"another command is changing template {name}", exit=Exit.LOCKED)
        self.columns(source)
        self.busy.add(name)
        try:
            self.world.effect(f"copy {source}")
            prepare(Secret(source))
            self.world.effect(f"template {name}")
            self.made[name] = Template(name, source, 0, self.world.heads or frozenset(), self.world.time)
        finally:
            self.busy.discard(name)

    def list(self) -> tuple[Template, ...]:
        return tuple(self.made[name] for name in sorted(self.made))

    def remove(self, name: str) -> None:
        self.world.effect(f"remove template {name}")
        self.made.pop(name, None)


@dataclass(slots=True)
class MemoryAnonymiser:
    """Looks at the columns of the environment that a :class:`MemoryTemplates` copied; remembers what it was told."""

    templates: MemoryTemplates
    applied: list[Rules] = field(default_factory=list)

    def columns(self, url: Secret) -> tuple[Column, ...]:
        return self.templates.columns(url.reveal())

    def apply(self, url: Secret, rules: Rules) -> Mapping[str, int]:
        self.applied.append(rules)
        return dict.fromkeys((*sorted(rules.emptied), *rules.tables), 1)


@dataclass(slots=True)
class MemoryPlatform:
    """A platform that runs or not."""

    running: bool = True
    woken: int = 0
    world: World | None = None

    def start(self) -> None:
        self._effect("start the platform")
        self.running = True

    def stop(self) -> None:
        self._effect("stop the platform")
        self.running = False

    def parts(self) -> tuple[Part, ...]:
        return (Part("memory", "running" if self.running else "stopped"),)

    def wake(self) -> None:
        self.woken += 1

    def _effect(self, name: str) -> None:
        if self.world is not None:
            self.world.effect(name)
