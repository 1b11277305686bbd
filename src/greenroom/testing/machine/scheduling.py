"""Time and turns: which process runs next, what happens by itself, who is killed."""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from greenlet import getcurrent, greenlet

STEP_SECONDS = 0.0002
"""What one operation takes: enough that a loop which only looks comes to an end."""


TRAIL = 300
"""So many operations back a failing run tells."""


class Killed(BaseException):
    """kill -9. Not an :class:`Exception`: nothing may catch it and clean up."""


@dataclass(eq=False)
class Actor:
    """A process whose code really runs, in a greenlet of its own. ``wake``: sleeping until then (monotonic)."""

    pid: int
    name: str
    green: greenlet
    wake: float = 0.0
    dead: bool = False
    interrupt: bool = False
    ended: Callable[[int], None] = lambda _code: None


@dataclass
class Scheduler:
    """Runs actors in seeded turns. ``between`` is called between any two turns, and may do anything."""

    seed: int
    between: Callable[[], None] = lambda: None
    quantum: int = 12
    rng: random.Random = field(init=False)
    steps: int = 0
    monotonic: float = 0.0
    wall_ahead: float = 1_800_000_000.0
    current: Actor | None = None
    trail: deque[str] = field(default_factory=lambda: deque(maxlen=TRAIL))
    story: deque[str] = field(default_factory=lambda: deque(maxlen=TRAIL))

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)  # noqa: S311 - a simulation
        self._hub = getcurrent()
        self._actors: list[Actor] = []
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self._left = self.quantum

    @property
    def now(self) -> float:
        """Wall clock, seconds since the epoch."""
        return self.monotonic + self.wall_ahead

    def at(self, moment: float, happens: Callable[[], None]) -> None:
        """Let something happen at a moment of the monotonic clock."""
        self._count += 1
        heapq.heappush(self._events, (moment, self._count, happens))

    def spawn(self, pid: int, name: str, run: Callable[[], int], ended: Callable[[int], None]) -> Actor:
        """A new actor; it has its first turn later. ``ended`` gets its exit code unless it is killed."""

        def body() -> None:
            try:
                code = run()
            except Killed:
                return
            if not actor.dead:
                actor.dead = True
                ended(code)

        actor = Actor(pid, name, greenlet(body, self._hub), ended=ended)
        self._actors.append(actor)
        return actor

    def step(self, name: str) -> None:
        """An operation of the current actor is about to happen; it may be killed or others may run before it."""
        actor = self.current
        if actor is None:
            return
        if actor.dead:
            raise Killed
        self.steps += 1
        self._left -= 1
        line = f"{actor.name}#{actor.pid} {name}"
        if not self.trail or self.trail[-1] != line:
            self.trail.append(line)
        if self._left <= 0:
            self._give_way(actor, self.monotonic + STEP_SECONDS)

    def sleep(self, seconds: float) -> None:
        """The current actor waits; others run."""
        actor = self.current
        if actor is None:
            return
        if actor.dead:
            raise Killed
        self.steps += 1
        self._give_way(actor, self.monotonic + max(seconds, STEP_SECONDS))

    def _give_way(self, actor: Actor, wake: float) -> None:
        actor.wake = wake
        self._hub.switch()
        if actor.dead:
            raise Killed
        if actor.interrupt:
            actor.interrupt = False
            raise KeyboardInterrupt

    def kill(self, pid: int) -> None:
        """End an actor at once, wherever it is."""
        actor = next((a for a in self._actors if a.pid == pid), None)
        if actor is None or actor.dead:
            return
        actor.dead = True
        if actor is not self.current and actor.green:
            before, self.current = self.current, actor
            actor.green.parent = getcurrent()
            try:
                actor.green.throw(Killed)
            finally:
                self.current = before

    def tell(self, text: str) -> None:
        """Note what a person who reads a failing run wants to know."""
        self.story.append(f"{self.monotonic:10.3f}  {text}")
        self.trail.append(f"--- {text}")

    def actor(self, pid: int) -> Actor | None:
        """The living actor of that number."""
        return next((a for a in self._actors if a.pid == pid and not a.dead), None)

    @property
    def actors(self) -> list[Actor]:
        """All that live."""
        return [a for a in self._actors if not a.dead]

    def run(self, until: Callable[[], bool]) -> None:
        """Give turns until the condition holds."""
        while not until():
            self.between()
            self._actors = [a for a in self._actors if not a.dead]
            ready = [a for a in self._actors if a.wake <= self.monotonic]
            if ready:
                self._turn(self.rng.choice(ready))
            elif not self._pass_time():
                return

    def _turn(self, actor: Actor) -> None:
        # Short turns and long ones: some faults need two that alternate, some one that runs on.
        self._left = self.rng.randrange(1, 2 * self.quantum)
        self.current = actor
        try:
            actor.green.switch()
        finally:
            self.current = None
            self.advance(self.monotonic + STEP_SECONDS)

    def _pass_time(self) -> bool:
        sleeping = [a.wake for a in self._actors]
        upcoming = [self._events[0][0]] if self._events else []
        if not sleeping and not upcoming:
            return False
        self.advance(min(sleeping + upcoming))
        return True

    def advance(self, to: float) -> None:
        """Let time pass, and what is to happen by then happen, in order."""
        while self._events and self._events[0][0] <= to:
            moment, _, happens = heapq.heappop(self._events)
            self.monotonic = max(self.monotonic, moment)
            happens()
        self.monotonic = max(self.monotonic, to)

    def forget_events(self) -> None:
        """The machine lost its power: nothing that was to happen will."""
        self._events.clear()

    def choose(self, items: list[Any]) -> Any:
        """One of them, by the seed."""
        return self.rng.choice(items)
