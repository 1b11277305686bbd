"""The doors of a :class:`~greenroom.drivers.memory.world.World`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from greenroom.domain.errors import GreenroomError
from greenroom.domain.fault import FAULT_VARIABLE, Fault, Victim
from greenroom.domain.release import Release
from greenroom.domain.revisions import RevisionGraph
from greenroom.domain.stage import Mode, Slot, number_of
from greenroom.domain.verdict import Measure
from greenroom.drivers.memory.inspecting import MemoryInspector
from greenroom.drivers.memory.keeping import MemoryBuilder, MemoryLedger, MemoryRecords, MemoryResource
from greenroom.drivers.memory.world import World
from greenroom.ports import (
    Done,
    Doors,
    Drained,
    Killed,
    Probed,
    Say,
    StageSeen,
    Switched,
    TrafficSeen,
    Values,
)


@dataclass(slots=True)
class MemoryClock:
    """Time that passes only when somebody sleeps."""

    world: World

    def now(self) -> float:
        return self.world.time

    def monotonic(self) -> float:
        return self.world.time

    def sleep(self, seconds: float) -> None:
        self.world.time += seconds


@dataclass(slots=True)
class MemoryStage:
    """Slots as entries of a dictionary."""

    world: World

    def observe(self, environment: str) -> StageSeen:
        w = self.world
        mine = tuple(s for s in w.slots.values() if s.environment == environment)
        return StageSeen(mine, frozenset(w.up), frozenset(w.working), w.counter + 1)

    def in_use(self) -> frozenset[str]:
        return frozenset(s.release for s in self.world.slots.values())

    def stage(self, environment: str, release: Release) -> None:
        self.world.effect(f"stage {release.id}")

    def launch(self, environment: str, release: Release, slot: str, config: str, values: Values) -> Slot:
        w = self.world
        number = number_of(slot)
        w.effect(f"record {slot}")
        w.slots[slot] = Slot(slot, environment, release.id, number, config, w.time)
        w.counter = max(w.counter, number)
        w.effect(f"start {slot}")
        w.up.add(slot)
        if "DATABASE_URL" in values and values["DATABASE_URL"].reveal() == "nowhere":
            w.severed.add(slot)
        if planted := values.get(FAULT_VARIABLE):
            w.faults[slot] = planted.reveal().partition(":")[0]
        return w.slots[slot]

    def probe(self, environment: str, slot: str) -> Probed:
        w = self.world
        w.time += 0.1
        unready = w.faults.get(slot) == Fault.UNREADY
        if slot not in w.up or unready or w.slots[slot].release in w.unready:
            raise GreenroomError("not-ready", f"slot {slot} did not become ready", "greenroom logs")
        return Probed(2)

    def healthy(self, environment: str, slot: str) -> bool:
        w = self.world
        return slot in w.up and w.slots[slot].release not in w.bad | w.unready

    def amend(self, environment: str, slot: str, **deadlines: float | str | None) -> None:
        self.world.effect(f"amend {slot}")
        self.world.slots[slot] = replace(self.world.slots[slot], **deadlines)  # type: ignore[arg-type]

    def workers(self, environment: str, slot: str | None) -> None:
        self.world.effect("stop workers")
        self.world.working.clear()
        self.world.effect(f"start workers {slot}")
        if slot is not None:
            self.world.working.add(slot)

    def retire(self, environment: str, slot: str) -> None:
        w = self.world
        w.effect(f"stop {slot}")
        w.up.discard(slot)
        w.working.discard(slot)
        w.effect(f"forget {slot}")
        w.slots.pop(slot, None)

    def keep_assets(self, environment: str, releases: Sequence[Release]) -> None:
        self.world.effect("keep assets")


@dataclass(slots=True)
class MemoryTraffic:
    """The edge as three variables."""

    world: World
    woken_by_requests: bool = True

    def observe(self, environment: str) -> TrafficSeen:
        return TrafficSeen(self.world.live, self.world.mode, self.world.window, self.world.asleep)

    def switch(self, environment: str, slot: str) -> Switched:
        if slot not in self.world.slots:
            raise GreenroomError("no-slot", f"slot {slot} is not there", "greenroom status")
        self.world.effect(f"switch {slot}")
        self.world.live = slot
        self.world.asleep = self.world.called = False
        if self.world.mode is Mode.HOLD:
            # Holding is a property of the way to the slot; a new way is open.
            self.world.mode = Mode.OPEN
        return Switched(0.0, 0.0)

    def confirm(self, environment: str, slot: str) -> float:
        if self.world.live != slot or slot not in self.world.up or self.world.mode is not Mode.OPEN:
            raise GreenroomError(
                "not-confirmed", f"{slot} does not answer through the edge", "greenroom status"
            )
        return 0.0

    def measure(self, environment: str, slot: str, since: float, until: float) -> Measure:
        there = self.world.slots.get(slot)
        bad = there is not None and there.release in self.world.bad
        if slot == self.world.live and (bad or self.world.faults.get(slot) == Fault.TURNS_BAD):
            return Measure(100, 50, 10.0)
        return self.world.measures.get(slot, Measure())

    def drain(self, environment: str, slot: str, timeout: float) -> Drained:
        cut = self.world.in_flight.pop(slot, 0)
        self.world.time += min(timeout, 0.1)
        return Drained(cut, 0.1)

    def mode(self, environment: str, mode: Mode, window: bool) -> None:
        self.world.effect(f"mode {mode}")
        self.world.mode, self.world.window = mode, window

    def doze(self, environment: str) -> None:
        self.world.effect("mark as asleep")
        self.world.asleep = True
        self.world.effect("let nobody reach the live slot")
        self.world.live = None

    def called(self, environment: str) -> bool:
        return self.world.called

    def open_again(self, environment: str) -> None:
        self.world.effect("mark as awake")
        self.world.asleep = self.world.called = False

    def last_request(self, environment: str) -> float | None:
        return self.world.last_request

    def forget(self, environment: str) -> None:
        self.world.effect("forget traffic")
        self.world.asleep = self.world.called = False
        self.world.live, self.world.mode, self.world.window = None, Mode.OPEN, False


@dataclass(slots=True)
class MemoryJobs:
    """Migrations are applied one revision at a time, so that a crash can fall between two."""

    world: World

    def migrate(self, environment: str, release: Release, values: Values) -> Done:
        w = self.world
        known = {r.id: r for built in w.releases.values() for r in built.revisions.revisions}
        newest = RevisionGraph(tuple(known.values()))
        for revision in release.revisions.pending(w.heads or (), newest):
            if revision.id in w.failing_migrations:
                return Done(1, (f"{revision.id} failed",))
            w.effect(f"migrate {revision.id}")
            w.heads = ((w.heads or frozenset()) - frozenset(revision.parents)) | {revision.id}
        return Done(0)

    def migrating(self, environment: str) -> bool:
        return False

    def withdraw(self, environment: str) -> None:
        return None

    def run(
        self, environment: str, release: Release, argv: Sequence[str], values: Values, name: str, say: Say
    ) -> Done:
        self.world.effect(f"run {name}")
        return Done(0)

    def foreground(self, environment: str, release: Release, argv: Sequence[str], values: Values) -> int:
        self.world.effect(f"foreground {argv[0]}")
        return 0


@dataclass(slots=True)
class MemorySchema:
    """The applied heads."""

    world: World

    def heads(self, environment: str, start: bool = True) -> frozenset[str] | None:
        return self.world.heads


@dataclass(slots=True)
class MemoryBreaker:
    """What is killed is there again at once; an app is told with what it had in flight."""

    world: World

    def kill(self, environment: str, victim: Victim) -> Killed:
        self.world.effect(f"kill {victim}")
        if victim is not Victim.APP:
            return Killed(victim, 0)
        if self.world.live is None:
            raise GreenroomError("not-running", f"{victim} does not run", "greenroom status")
        return Killed(victim, self.world.in_flight.pop(self.world.live, 0))


def memory_doors(world: World) -> Doors:
    """All doors of one world."""
    return Doors(
        stage=MemoryStage(world),
        traffic=MemoryTraffic(world),
        jobs=MemoryJobs(world),
        schema=MemorySchema(world),
        ledger=MemoryLedger(world),
        clock=MemoryClock(world),
        builder=MemoryBuilder(world),
        inspector=MemoryInspector(world),
        records=MemoryRecords(world),
        resources=(MemoryResource(world.resources, world=world),),
    )
