"""Go through the course under load, and fold what was seen into a proof."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.events import note
from greenroom.domain.release import Release
from greenroom.domain.stage import release_of
from greenroom.domain.timeline import after_switches, spanning, timeline
from greenroom.ports import Breaker, Load
from greenroom.services.proving.course import OPTIONAL, Course, Plant
from greenroom.services.proving.kills import Killing, judge
from greenroom.services.proving.phases import Phases
from greenroom.services.proving.proof import Chapter, Proof
from greenroom.services.proving.working import measured
from greenroom.services.target import Target

CALM_SECONDS = 2.0
"""Load before the first phase and after the last one."""
AT_LEAST_SECONDS = 1800.0
"""The longest that a proof goes on for the sake of its number of requests."""
STRETCHES = 240
"""Stretches of the timeline."""
ABORT_SECONDS = 2.0
"""How long an interrupted proof waits for what is in flight."""

Action = Callable[[], str]


def prove(
    target: Target, plant: Plant, load: Load, breaker: Breaker, course: Course, calm: Load | None = None
) -> Proof:
    """Go through the course under load. Before it ``calm``, a load of pages alone, measures what they cost. The figures are stored in the ledger with the slot that serves at the end.

    A phase that comes out otherwise than promised is recorded and does not end the proof, unless a person must look
    (exit 5). Ctrl-C ends it with the figures so far (``interrupted``). Raises what the load raises when it fails.
    """
    prover = _Prover(target, Phases(target, plant, load, Proof()), breaker, course)
    try:
        prover.proof.work = measured(target, calm) if calm else None
    except KeyboardInterrupt:
        prover.proof.interrupted = True
        return prover.proof
    prover.run()
    return prover.proof


class _Prover:
    def __init__(self, target: Target, phases: Phases, breaker: Breaker, course: Course) -> None:
        self.target, self.phases, self.course = target, phases, course
        self.load, self.proof = phases.load, phases.proof
        self._killing = Killing(target, self.load, breaker, self.proof)
        self._clock = target.doors.clock
        self._began = self._clock.now()
        self._began_s = self.load.now()
        self._before = target.doors.ledger.entries(target.environment, "proved", last=1)
        self._over = False

    def run(self) -> None:
        """Everything; the load is stopped whatever happens."""
        self.load.start()
        try:
            self._clock.sleep(CALM_SECONDS)
            self._rounds()
            self._clock.sleep(CALM_SECONDS)
            self._until_enough()
        except KeyboardInterrupt:
            self.proof.interrupted = True
        finally:
            timeout = ABORT_SECONDS if self.proof.interrupted else None
            self.proof.tally = self.load.stop(timeout, [c.phase for c in self.proof.chapters])
        self._fold()
        self._record()

    def _rounds(self) -> None:
        first = True
        while not self._over and (first or self._goes_on()):
            for name, action in self._round():
                if self._over or not (first or self._goes_on()):
                    break
                self._phase(name, action)
            first = False

    def _goes_on(self) -> bool:
        seconds = self.course.seconds
        return seconds is not None and self._clock.now() - self._began < seconds

    def _round(self) -> Iterator[tuple[str, Action]]:
        course, phases = self.course, self.phases
        for number in range(course.deploys):
            yield f"deploy {self.proof.deploys + 1}", partial(phases.good_deploy, self._next(number))
        planted: dict[str, Action] = {
            "rollback": phases.rollback,
            "gate": phases.gate,
            "turns-bad": phases.turns_bad,
            "left-alone": phases.left_alone,
        }
        yield from ((name, planted[name]) for name in OPTIONAL if name not in course.skip)
        yield from ((f"bad {r.id}", partial(phases.bad_release, r)) for r in course.bad)
        yield from self._killing.actions(course.kills)

    def _next(self, number: int) -> Release | None:
        releases = self.course.releases
        return releases[number % len(releases)] if releases else None

    def _phase(self, name: str, action: Action) -> None:
        began_s = self.load.now()
        told, kept = "interrupted", True
        try:
            told = action()
        except GreenroomError as error:
            if error.exit is Exit.INTERRUPTED:
                raise KeyboardInterrupt from error
            told, kept = f"{error.code}: {error.message}", False
            self._over = error.exit is Exit.UNSAFE
        finally:
            self.proof.chapters.append(Chapter(name, began_s, self.load.now(), kept, told))
        self._tell(name, told, kept)

    def _tell(self, name: str, told: str, kept: bool) -> None:
        seen = self.load.snapshot()
        elapsed = max(self._clock.now() - self._began, 0.001)
        of = f" of {self.course.deploys}" if name.startswith("deploy") and self.course.seconds is None else ""
        figures = (
            f"{seen.requests} requests, {seen.requests / elapsed:.0f}/s, {seen.lost} lost, {elapsed:.0f} s"
        )
        self.target.emit(note(f"{name}{of}: {'' if kept else 'BROKEN: '}{told} ({figures})"))

    def _until_enough(self) -> None:
        until = self._clock.now() + AT_LEAST_SECONDS
        while self.load.snapshot().requests < self.course.at_least and self._clock.now() < until:
            self._clock.sleep(0.5)

    def _fold(self) -> None:
        proof, records = self.proof, self.load.records
        offset = self.load.now() - self._clock.now()
        switched = self.target.doors.ledger.entries(self.target.environment, "switched")
        moments = [
            (str(e.data["slot"]), float(e.data.get("began", e.at)) + offset)
            for e in switched
            if e.at >= self._began
        ]
        proof.seconds = self._clock.now() - self._began
        proof.switches = after_switches(records, moments)
        proof.across = spanning(records, [at_s for _, at_s in moments])
        proof.timeline = timeline(records, self._began_s, self.load.now(), STRETCHES)
        judge(proof, records)

    def _record(self) -> None:
        ledger, environment = self.target.doors.ledger, self.target.environment
        self.proof.before = dict(self._before[0].data) if self._before else None
        live = self.target.doors.traffic.observe(environment).live
        release = release_of(live) if live else None
        ledger.append(environment, "proved", release=release, slot=live, **self.proof.to_json())
