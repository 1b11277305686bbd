"""The course of a proof on the memory doors: what it does, what it judges, what it stores."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable

import pytest
from memory_target import B, C, Place, serving
from proving_load import WorldLoad

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.fault import FAULT_SECONDS, FAULT_VARIABLE, Fault, Victim
from greenroom.domain.policy import Policy
from greenroom.domain.tally import Cause, Kind, Record, fold
from greenroom.drivers.memory import MemoryBreaker
from greenroom.drivers.memory.doors import MemoryClock
from greenroom.ports import Killed
from greenroom.services.environments.sleeping import due_work
from greenroom.services.proving import Chapter, Course, Kill, Proof, prove
from greenroom.services.proving.kills import judge
from greenroom.services.target import Target

QUICK = Policy(watch=2.0, keep_warm=600.0)


class LivelyClock(MemoryClock):
    """While a proof waits, the supervisor does what is due. ``at`` (seconds) is when Ctrl-C comes."""

    place: Place
    at: float = float("inf")

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self.world.time >= self.at:
            raise KeyboardInterrupt
        if self.world.held_by is None:
            due_work(self.place.target)


def lively(place: Place, at: float = float("inf")) -> Target:
    target = place.target
    clock = LivelyClock(place.world)
    clock.place, clock.at = place, at
    return dataclasses.replace(target, doors=dataclasses.replace(target.doors, clock=clock))


def run(
    course: Course,
    place: Place | None = None,
    load: WorldLoad | None = None,
    breaker: object = None,
    at: float = float("inf"),
) -> Proof:
    place = place or serving(B, C, policy=QUICK)
    target = lively(place, at)

    def plant(fault: Fault) -> Target:
        planted = {FAULT_VARIABLE: fault.planted(place.world.time)}
        return dataclasses.replace(target, app_values={**target.app_values, **planted})

    load = load or WorldLoad(place.world)
    return prove(target, plant, load, breaker or MemoryBreaker(place.world), course)  # type: ignore[arg-type]


def named(proof: Proof) -> dict[str, str]:
    return {c.name: c.told for c in proof.chapters}


def test_every_phase_comes_out_as_promised() -> None:
    place = serving(B, C, policy=QUICK)
    proof = run(Course(2, kills=tuple(Victim)), place)
    assert proof.kept, proof.broken
    told = named(proof)
    assert list(told) == [
        *("deploy 1", "deploy 2", "rollback", "gate", "turns-bad", "left-alone"),
        *("kill app", "kill edge", "kill supervisor", "kill postgres"),
    ]
    assert told["gate"].startswith("not-ready")
    assert told["turns-bad"].startswith("turned-bad")
    assert "without any command" in told["left-alone"]
    assert proof.tally.lost == 0
    assert place.world.live not in place.world.faults
    assert proof.deploys == 2
    assert len(proof.switches) == 2 + 1 + 2 + 2


def test_the_edge_right_after_the_supervisor_dies_without_one() -> None:
    place = serving(B, C, policy=QUICK)
    proof = run(Course(0, kills=(Victim.SUPERVISOR, Victim.EDGE), skip=frozenset({"rollback"})), place)
    assert "kill edge, no supervisor" in named(proof)
    kills = [e for e in place.world.effects if e.startswith("kill")]
    assert kills == ["kill supervisor", "kill supervisor", "kill edge"]
    assert place.platform.running


def test_releases_alternate_and_a_bad_one_is_expected_to_fail() -> None:
    place = serving(B, C, policy=QUICK)
    place.world.bad.add(B.id)
    course = Course(
        1, releases=(C,), bad=(B,), skip=frozenset({"rollback", "gate", "turns-bad", "left-alone"})
    )
    proof = run(course, place)
    assert proof.kept, proof.broken
    assert place.serving == C.id
    place.world.bad.clear()
    again = run(course, place)
    assert [c.name for c in again.broken] == [f"bad {B.id}"]
    assert "although it is bad" in again.broken[0].told


def test_a_good_deploy_that_fails_is_told_and_the_proof_goes_on() -> None:
    place = serving(B, C, policy=QUICK)
    place.world.unready.add(B.id)
    proof = run(Course(1, releases=(B,), skip=frozenset({"rollback"})), place)
    assert [c.name for c in proof.broken] == ["deploy 1"]
    assert "not-ready" in proof.broken[0].told
    assert not proof.kept
    assert named(proof)["gate"].startswith("not-ready")


def test_a_gate_that_lets_a_broken_slot_pass_breaks_the_proof() -> None:
    """The probe is fooled: nothing is planted."""
    place = serving(B, C, policy=QUICK)
    target = lively(place)
    course = Course(0, skip=frozenset({"rollback", "turns-bad", "left-alone"}))
    proof = prove(target, lambda _: target, WorldLoad(place.world), MemoryBreaker(place.world), course)
    assert [c.name for c in proof.broken] == ["gate"]


def test_when_a_person_must_look_the_proof_ends() -> None:
    place = serving(B, C, policy=QUICK)

    class Falls(MemoryBreaker):
        def kill(self, environment: str, victim: Victim) -> Killed:
            raise GreenroomError("burnt", "all is lost", exit=Exit.UNSAFE)

    proof = run(Course(1, kills=(Victim.APP, Victim.EDGE)), place, breaker=Falls(place.world))
    assert [c.name for c in proof.chapters][-1] == "kill app"
    assert not proof.kept


def spoils(
    n: int, cause: Cause, when: Callable[[Record], bool] = lambda _: True
) -> Callable[[Record], Record]:
    left = [n]

    def spoil(record: Record) -> Record:
        if not left[0] or not when(record):
            return record
        left[0] -= 1
        return dataclasses.replace(record, status=None, slot=None, cause=cause, duration_ms=200.0)

    return spoil


@pytest.mark.parametrize(
    ("lost", "open_ones", "cause", "kept"),
    [
        (2, 3, Cause.EOF, True),
        (4, 3, Cause.EOF, False),
        (1, 3, Cause.REFUSED, False),
        (1, 0, Cause.RESET, False),
    ],
)
def test_a_killed_app_may_cost_what_it_had_open(lost: int, open_ones: int, cause: Cause, kept: bool) -> None:
    place = serving(B, C, policy=QUICK)
    load = WorldLoad(place.world)

    class Cuts(MemoryBreaker):
        def kill(self, environment: str, victim: Victim) -> Killed:
            load.spoil = spoils(lost, cause)
            load.now()
            return Killed(victim, open_ones)

    course = Course(0, kills=(Victim.APP,), skip=frozenset({"rollback", "gate", "turns-bad", "left-alone"}))
    proof = run(course, place, load, Cuts(place.world))
    assert proof.tally.lost == lost
    assert {loss.phase for loss in proof.tally.losses} == {"kill app"}
    assert proof.kept is kept
    assert proof.unexplained == (0 if kept else lost)


def test_a_loss_belongs_to_the_last_kill_that_it_was_in_flight_at() -> None:
    slow = Record(10.0, 9_000.0, Kind.SLOW, "/slow", None, Cause.EOF)
    proof = Proof(
        tally=fold([slow]),
        chapters=[Chapter("kill supervisor", 14, 16, True, ""), Chapter("kill edge", 17, 20, True, "")],
        kills=[Kill(Victim.SUPERVISOR, 0, 15, 15, 15), Kill(Victim.EDGE, 3, 18, 18, 19)],
    )
    judge(proof, [slow])
    assert (proof.cut_by_kills, proof.kept) == (1, True)
    assert [c.told for c in proof.chapters] == ["; 0 lost of those in flight", "; 1 lost of those in flight"]


@pytest.mark.parametrize(
    ("start_s", "cause", "kept"),
    [
        (17.95, Cause.TLS, True),
        (18.1, Cause.TLS, False),
        (18.1, Cause.EOF, False),
        (17.95, Cause.REFUSED, False),
    ],
)
def test_the_next_edge_fails_no_handshake(start_s: float, cause: Cause, kept: bool) -> None:
    lost = [Record(start_s, 5.0, Kind.FRESH, "/", None, cause)]
    proof = Proof(
        tally=fold(lost),
        chapters=[Chapter("kill edge", 17, 20, True, "")],
        kills=[Kill(Victim.EDGE, 3, 17.9, 18, 19)],
    )
    judge(proof, lost)
    assert proof.kept is kept


def test_a_loss_without_a_kill_breaks_the_proof() -> None:
    place = serving(B, C, policy=QUICK)
    proof = run(Course(1), place, WorldLoad(place.world, spoils(1, Cause.TRUNCATED)))
    assert (proof.unexplained, proof.broken, proof.kept) == (1, (), False)


def test_the_figures_are_stored_bounded_and_compared_with_the_last() -> None:
    place = serving(B, C, policy=QUICK)
    first = run(Course(30), place)
    assert first.before is None
    entry = place.target.doors.ledger.entries(kind="proved")[-1]
    assert (entry.data["release"], entry.data["slot"]) == (place.serving, place.world.live)
    assert entry.data["after_switch_p99_ms"]["worst"] > 0
    assert len(json.dumps(dict(entry.data))) < 1500
    second = run(Course(1), place)
    assert second.before is not None
    assert second.before["requests"] == first.tally.requests
    assert json.dumps(second.whole())


def test_rounds_go_on_until_the_time_is_over() -> None:
    place = serving(B, C, policy=QUICK)
    began = place.world.time
    proof = run(Course(2, seconds=200.0), place)
    assert proof.kept, proof.broken
    assert [c.name for c in proof.chapters].count("rollback") > 1
    assert 200 <= place.world.time - began < 300


def test_ctrl_c_leaves_the_figures_so_far() -> None:
    place = serving(B, C, policy=QUICK)
    load = WorldLoad(place.world)
    proof = run(Course(50), place, load, at=place.world.time + 10.0)
    assert proof.interrupted
    assert 0 < proof.deploys < 50
    assert proof.tally.requests > 0
    assert load.stopped_with == 2.0, "an interrupted proof does not wait for long requests"
    assert place.target.doors.ledger.entries(kind="proved")


def test_a_fault_says_when_it_ends() -> None:
    assert Fault.TURNS_BAD.planted(1_000.0) == f"turns-bad:{1_000 + FAULT_SECONDS:.0f}"


def test_the_course_can_be_told_before() -> None:
    lines = Course(3, bad=(B,), kills=(Victim.EDGE,), skip=frozenset({"gate"}), seconds=60.0).lines()
    assert lines[0] == "3 deploy(s), each a new slot: the live release anew"
    assert not any("probe fails" in line for line in lines)
    assert lines[-2:] == ["kill -9: edge", "all of it again until 60 s are over"]
    with pytest.raises(ValueError, match="no such phase"):
        Course(skip=frozenset({"lunch"}))
