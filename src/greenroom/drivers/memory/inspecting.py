"""Looking at an app that is a few facts of the world."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from greenroom.domain.inspected import About, Carry, Certificate, Continuity, Counted, Outside, Pace, Strays
from greenroom.drivers.memory.world import World


@dataclass(slots=True)
class MemoryInspector:
    """See :class:`greenroom.ports.Inspector`."""

    world: World

    def about(self, environment: str, slot: str) -> tuple[About, ...]:
        return self.world.inspected.about if slot in self.world.up else ()

    def counted(self, environment: str, slot: str) -> tuple[Counted, ...]:
        return self.world.inspected.counted(self.world.time) if slot in self.world.up else ()

    def continuity(self, environment: str, slot: str, live: str | None) -> Continuity:
        found = self.world.inspected.continuity
        if live is not None:
            return found
        return Continuity(Carry(found.sessions.within), Carry(found.csrf.within))

    def pace(
        self, environment: str, slot: str, live: str | None, pages: Sequence[str], floor_ms: float
    ) -> Pace | None:
        found = self.world.inspected.pace
        return replace(found, live_p95_ms=None) if found is not None and live is None else found

    def ask(self, environment: str, slot: str, path: str) -> int | None:
        if slot not in self.world.up:
            return None
        severed = slot in self.world.severed
        statuses = self.world.inspected.severed if severed else self.world.inspected.statuses
        return statuses.get(path, 200)

    def strays(self, release: str) -> Strays | None:
        return self.world.inspected.strays

    def certificate(self, environment: str) -> Certificate:
        return self.world.inspected.certificate

    def outside(self, environment: str) -> Outside:
        return self.world.inspected.outside
