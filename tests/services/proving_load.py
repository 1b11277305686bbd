"""A load on the memory world: whenever anybody looks at it, time has brought some answers of whoever is live."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from greenroom.domain.fault import Fault
from greenroom.domain.tally import Cause, Kind, Phase, Record, Tally, attribute, fold
from greenroom.drivers.memory import World

AHEAD = 5_000.0
"""The load's clock runs so far ahead of the world's: nobody may mix the two up."""


@dataclass
class WorldLoad:
    """``spoil`` may turn an answer into a loss; ``interrupt_at`` is the world's time at which Ctrl-C comes."""

    world: World
    spoil: Callable[[Record], Record] = lambda record: record
    seen: list[Record] = field(default_factory=list)
    running: bool = False
    stopped_with: float | None = -1.0

    def start(self) -> None:
        self.running = True

    def now(self) -> float:
        self._ask()
        return self.world.time + AHEAD

    def snapshot(self) -> Tally:
        self._ask()
        return fold(self.seen)

    def since(self, moment_s: float) -> tuple[Record, ...]:
        self._ask()
        return tuple(r for r in self.seen if r.end_s >= moment_s)

    @property
    def records(self) -> tuple[Record, ...]:
        return tuple(self.seen)

    def stop(self, timeout: float | None = None, phases: Sequence[Phase] = ()) -> Tally:
        self.running, self.stopped_with = False, timeout
        return attribute(fold(self.seen), phases)

    def _ask(self) -> None:
        """Ten answers, 10 ms apart, of the slot that is live; one that turned bad gives 500."""
        live = self.world.live
        if not self.running or live is None:
            return
        bad = self.world.faults.get(live) == Fault.TURNS_BAD
        for number in range(10):
            start = self.world.time + AHEAD + number / 100
            status, cause = (500, Cause.STATUS) if bad else (200, None)
            self.seen.append(self.spoil(Record(start, 5.0, Kind.GET, "/", status, cause, live)))
        self.world.time += 0.1
