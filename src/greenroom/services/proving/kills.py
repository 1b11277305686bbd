"""Kills under load: what each may cost, and when everything answers again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from greenroom.domain.fault import Victim
from greenroom.domain.tally import Record
from greenroom.ports import Breaker, Load, Part
from greenroom.services.proving.phases import broken
from greenroom.services.proving.proof import Kill, Proof
from greenroom.services.target import Target

WELL_SECONDS = 60.0
"""How long a killed part may take until everything answers again."""
GOOD_ANSWERS = 5
"""So many good answers of the app after the kill, and none bad for a second, mean that all is well."""


@dataclass(frozen=True, slots=True)
class Killing:
    """Kills parts and waits until all is well. An edge named right after the supervisor dies without one."""

    target: Target
    load: Load
    breaker: Breaker
    proof: Proof

    def actions(self, kills: Sequence[Victim]) -> Iterator[tuple[str, Callable[[], str]]]:
        """The kills in order, as phases."""
        for victim, previous in zip(kills, (None, *kills), strict=False):
            if victim is Victim.EDGE and previous is Victim.SUPERVISOR:
                yield "kill edge, no supervisor", self.kill_orphaned_edge
            else:
                yield f"kill {victim}", partial(self.kill, victim)

    def kill(self, victim: Victim) -> str:
        """Kill it; returns what it had open and how long it took until all was well."""
        parts = self.target.platform.parts()
        before_s = self.load.now()
        killed = self.breaker.kill(self.target.environment, victim)
        dead_s = self.load.now()
        try:
            well_s = self._well(victim, dead_s)
        finally:
            if victim is Victim.SUPERVISOR:
                self.target.platform.start()
        self.proof.kills.append(Kill(victim, killed.connections, before_s, dead_s, well_s))
        if victim is Victim.SUPERVISOR:
            _same(parts, self.target.platform.parts())
        return f"{killed.connections} connection(s) open; all well after {well_s - dead_s:.1f} s"

    def kill_orphaned_edge(self) -> str:
        """The supervisor, and then the edge without it."""
        self.breaker.kill(self.target.environment, Victim.SUPERVISOR)
        try:
            return "without a supervisor: " + self.kill(Victim.EDGE)
        finally:
            self.target.platform.start()

    def _well(self, victim: Victim, dead_s: float) -> float:
        clock = self.target.doors.clock
        until = clock.now() + WELL_SECONDS
        while clock.now() < until:
            clock.sleep(0.25)
            now_s = self.load.now()
            lately = self.load.since(max(dead_s, now_s - 1.0))
            fresh = [r for r in lately if r.slot and r.cause is None and r.start_s >= dead_s]
            if len(fresh) >= GOOD_ANSWERS and not any(r.lost or r.app_error for r in lately):
                return now_s
        raise broken(f"{victim} was killed, and not everything answers again after {WELL_SECONDS:g} s")


def _same(before: Sequence[Part], after: Sequence[Part]) -> None:
    """Every part but the supervisor must be the same process as before."""
    old = {(p.name, p.since) for p in before if p.state == "running" and p.name != "supervisor"}
    new = {(p.name, p.since) for p in after}
    if gone := sorted(name for name, _ in old - new):
        raise broken(f"did not live on without the supervisor: {', '.join(gone)}")


def judge(proof: Proof, records: Sequence[Record]) -> None:
    """Say of each kill what it cost; one that cost too much breaks its phase.

    A loss that was in flight at several kills is the last one's: the others did not end it.
    """
    lost = [r for r in records if r.lost]
    claimed: set[int] = set()
    for kill in reversed(proof.kills):
        mine = {i for i, r in enumerate(lost) if kill.cut(r)} - claimed
        affordable = kill.affords([lost[i] for i in mine])
        claimed |= mine if affordable else set()
        index = next(i for i, c in enumerate(proof.chapters) if c.start_s <= kill.before_s < c.end_s)
        chapter = proof.chapters[index]
        told = f"{chapter.told}; {len(mine)} lost of those in flight"
        proof.chapters[index] = replace(chapter, told=told, kept=chapter.kept and affordable)
    proof.cut_by_kills = len(claimed)
