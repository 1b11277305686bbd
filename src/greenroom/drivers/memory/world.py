"""The simulated world behind the memory doors: a clock, slots, an edge, a database, and a point to stop at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from greenroom.domain.inspected import About, Carry, Certificate, Continuity, Counted, Outside, Pace, Strays
from greenroom.domain.record import Record
from greenroom.domain.release import Release
from greenroom.domain.stage import Mode, Slot
from greenroom.domain.verdict import Measure
from greenroom.ports import Entry


class Crash(BaseException):
    """The actor was killed before this effect. Not an :class:`Exception`: nothing may catch and clean up."""


_CARRIES = Carry(True, True, True, True)
_CONTINUES = Continuity(_CARRIES, _CARRIES)
_SOUND = About()
_QUICK = Pace(20.0, "/", 10.0, 10.0)
_AS_BUILT = Strays()
_FRESH = Certificate("shop.localhost", "", True, 0.0, 1e12)


_IDLE = tuple(Counted(worker, 0, 0.0, 0.0, 0.0, 1.0) for worker in ("1", "2"))
_PUBLIC = Outside(private=False, passed=("/",))


@dataclass(slots=True)
class Inspected:
    """What looking at the app finds, whichever slot is looked at; ``statuses`` by path, else 200; ``counted`` by the world's time.

    ``severed``: statuses of a slot that was launched with a configuration that reaches nothing.
    """

    about: tuple[About, ...] = (_SOUND, _SOUND)
    continuity: Continuity = _CONTINUES
    pace: Pace | None = _QUICK
    strays: Strays | None = _AS_BUILT
    statuses: dict[str, int | None] = field(default_factory=dict)
    severed: dict[str, int | None] = field(default_factory=lambda: {"/readyz": 503})
    certificate: Certificate = _FRESH
    outside: Outside = _PUBLIC
    counted: Callable[[float], tuple[Counted, ...]] = lambda _seconds: _IDLE


@dataclass(slots=True)
class World:
    """One environment's world. All of it is plain data that a test may set up and look at.

    ``stop_before`` counts down over effects; the one that reaches zero raises :class:`Crash` instead of happening.
    ``bad`` releases turn bad after the switch, ``unready`` ones never answer their probe. ``severed`` slots were
    launched with values that reach nothing; ``faults`` are planted by slot (``greenroom.domain.fault``).
    """

    time: float = 1_000.0
    releases: dict[str, Release] = field(default_factory=dict)
    slots: dict[str, Slot] = field(default_factory=dict)
    up: set[str] = field(default_factory=set)
    working: set[str] = field(default_factory=set)
    counter: int = 0
    live: str | None = None
    mode: Mode = Mode.OPEN
    window: bool = False
    asleep: bool = False
    called: bool = False
    last_request: float | None = None
    heads: frozenset[str] | None = frozenset()
    entries: list[Entry] = field(default_factory=list)
    bad: set[str] = field(default_factory=set)
    unready: set[str] = field(default_factory=set)
    faults: dict[str, str] = field(default_factory=dict)
    failing_migrations: set[str] = field(default_factory=set)
    measures: dict[str, Measure] = field(default_factory=dict)
    in_flight: dict[str, int] = field(default_factory=dict)
    stop_before: int | None = None
    effects: list[str] = field(default_factory=list)
    held_by: str | None = None
    resources: set[str] = field(default_factory=set)
    severed: set[str] = field(default_factory=set)
    altered: dict[str, str] = field(default_factory=dict)
    records: dict[str, Record] = field(default_factory=dict)
    inspected: Inspected = field(default_factory=Inspected)

    def effect(self, name: str) -> None:
        """Announce an effect that is about to happen; the world may end here."""
        if self.stop_before is not None:
            if self.stop_before == 0:
                self.stop_before = None
                raise Crash(name)
            self.stop_before -= 1
        self.effects.append(name)
