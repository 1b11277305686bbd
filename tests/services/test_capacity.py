"""From a proof's stored figures to what to set, on the memory doors."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence

import pytest
from memory_target import B, C, Place, refused_with, serving
from proving_load import WorldLoad

from greenroom.cli.render.capacity import as_text
from greenroom.domain.capacity import Goal
from greenroom.domain.errors import Exit
from greenroom.domain.inspected import Counted
from greenroom.domain.policy import Policy
from greenroom.domain.project import DatabaseLimits
from greenroom.domain.tally import Phase, Tally
from greenroom.drivers.memory import MemoryBreaker
from greenroom.services.capacity import capacity
from greenroom.services.proving import Course, Proof, prove

NOTHING = Course(0, skip=frozenset({"rollback", "gate", "turns-bad", "left-alone"}))


class SteadyLoad(WorldLoad):
    """Asks twenty times at each look."""

    def stop(self, timeout: float | None = None, phases: Sequence[Phase] = ()) -> Tally:
        for _ in range(20):
            self.now()
        return super().stop(timeout, phases)


def counted(seconds: float) -> tuple[Counted, ...]:
    """Two processes: 40 requests a second each, 5 ms of CPU and 12 ms of a thread a request."""
    requests = int(40 * seconds)
    return tuple(Counted(name, requests, requests * 0.012, requests * 0.005, 0.0, 2.0) for name in ("1", "2"))


def proved(place: Place) -> Proof:
    target, world = place.target, place.world
    return prove(target, lambda _: target, WorldLoad(world), MemoryBreaker(world), NOTHING, SteadyLoad(world))


@pytest.fixture
def place() -> Place:
    made = serving(B, C, policy=Policy(watch=2.0))
    made.world.inspected.counted = counted
    return made


def test_a_proof_measures_what_a_page_costs(place: Place) -> None:
    work = proved(place).work
    assert work is not None
    assert (work.processes, work.threads, work.cores) == (2, 8, 2.0)
    assert work.cpu_ms == pytest.approx(5.0)
    assert work.busy_ms == pytest.approx(12.0)
    assert work.rate == pytest.approx(80, rel=0.05)
    assert work.p99_ms == pytest.approx(5.0, rel=0.02)


def test_processes_that_were_replaced_meanwhile_measure_nothing(place: Place) -> None:
    place.world.inspected.counted = lambda t: tuple(
        dataclasses.replace(c, worker=f"{c.worker}-{t}") for c in counted(t)
    )
    assert proved(place).work is None
    place.world.inspected.counted = lambda _: ()
    assert proved(place).work is None


def test_the_answer_ends_with_the_lines_to_change(place: Place) -> None:
    proved(place)
    place.limits = DatabaseLimits(60, 10)
    found = capacity(place.target, 2, Goal(400))
    assert found.least.pods == 2
    assert found.lines == ()
    more = capacity(place.target, 2, Goal(1000, p99_ms=100))
    assert more.to_set.pods > 3
    assert more.lines[:2] == ("[kubernetes]", f"replicas = {more.to_set.pods}")
    assert more.budget.needed == more.to_set.pods * 2 * more.connections[1] * 2 + 5 + 10
    assert more.lines[-2:] == ("[database]", f"max_connections = {more.budget.needed}")
    text = as_text(more)
    assert "NOT ENOUGH" in text
    assert "a guess" in text
    assert text.endswith("\n".join(more.lines))
    assert json.loads(json.dumps(more.to_json()))["to_set"]["pods"] == more.to_set.pods


def test_on_one_machine_there_are_processes_instead_of_pods(place: Place) -> None:
    proved(place)
    assert "pods" not in as_text(capacity(place.target, None, Goal(100)))
    error = refused_with(lambda: capacity(place.target, None, Goal(1000)))
    assert error.code == "out-of-reach"
    slow = refused_with(lambda: capacity(place.target, None, Goal(200, p99_ms=20)))
    assert "whatever is set" in slow.message
    assert "6.5 cores busy with the app alone; it has 2" in error.message


def test_a_p99_that_the_app_alone_exceeds_is_out_of_reach(place: Place) -> None:
    proved(place)
    error = refused_with(lambda: capacity(place.target, 2, Goal(10, p99_ms=4)))
    assert (error.code, error.exit) == ("out-of-reach", Exit.FAILED)
    assert "the app alone takes 5 ms" in error.message


def test_a_run_is_chosen_and_one_that_did_not_measure_says_what_to_do(place: Place) -> None:
    assert refused_with(lambda: capacity(place.target, 2, Goal(10))).hint == "greenroom prove"
    proved(place)
    first = place.target.doors.ledger.entries(kind="proved")[-1].seq
    place.world.inspected.counted = lambda _: ()
    proved(place)
    error = refused_with(lambda: capacity(place.target, 2, Goal(10)))
    assert (error.code, error.exit) == ("not-measured", Exit.USAGE)
    assert error.hint == "greenroom restart, then greenroom prove"
    assert capacity(place.target, 2, Goal(10), first).run == first
    assert f"there is: {first}," in refused_with(lambda: capacity(place.target, 2, Goal(10), 99)).hint
