"""The doctor and the guards of a deploy, on the memory doors."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
from memory_target import (
    ENV,
    A,
    B,
    Place,
    check_always,
    check_settled,
    empty,
    refused_with,
    serving,
    settle_all,
    settled,
)

from greenroom.domain.errors import Exit
from greenroom.domain.findings import CHECKS, State
from greenroom.domain.inspected import About, Carry, Continuity, Pace, Pool, Strays
from greenroom.drivers.memory import Crash
from greenroom.services.deliver import Wish, deploy, roll_back
from greenroom.services.doctor import doctor
from greenroom.services.environments.sleeping import due_work

FINE = Carry(True, True, True, True)


def found(place: Place, *names: str, deep: bool = False) -> dict[str, str]:
    """The severity of each check that found something."""
    report = doctor(place.target, names, deep)
    return {c.check.name: str(c.findings[0].severity) for c in report.checked if c.findings}


def test_a_sound_app_is_clean_and_nothing_is_left() -> None:
    place = settled(A)
    before = copy.deepcopy(place.world.slots)
    report = doctor(place.target, deep=True)
    assert [c.check.name for c in report.checked] == list(CHECKS)
    assert {c.state for c in report.checked} == {State.CLEAN}
    assert place.world.slots == before
    check_settled(place)


def test_without_deep_no_slot_is_made_and_no_lease_is_asked() -> None:
    place = settled(A)
    place.world.effects.clear()
    place.world.held_by = "deploy"
    report = doctor(place.target)
    assert place.world.effects == []
    deep = {c.check.name for c in report.checked if c.state is State.SKIPPED}
    assert deep == {name for name, check in CHECKS.items() if check.deep}
    assert refused_with(lambda: doctor(place.target, deep=True)).exit is Exit.LOCKED


def test_a_warm_slot_is_the_way_back_and_is_not_retired() -> None:
    place = serving(A, B)
    report = doctor(place.target, ("cold-workers", "liveness"), deep=True)
    assert {c.state for c in report.checked} == {State.SKIPPED}
    assert all("kept warm" in c.note for c in report.checked)
    assert len(place.world.up) == 2
    settle_all(place)
    assert doctor(place.target, ("liveness",), deep=True).checked[0].state is State.CLEAN


def test_every_finding_of_a_bad_app() -> None:
    place = settled(A)
    seen = place.world.inspected
    seen.about = (About((Pool("app", 40),), ("Flask-Limiter",)),)
    seen.strays = Strays(("shop/uploads/1",))
    seen.continuity = Continuity(Carry(True, True, True, False), Carry(False))
    seen.pace = Pace(5000.0, "/", 10.0, 10.0)
    seen.severed = {"/healthz": 500, "/readyz": 503}
    assert found(place, deep=True) == {
        "connection-budget": "problem",
        "session-continuity": "warning",
        "csrf-continuity": "problem",
        "memory-limiter": "warning",
        "local-uploads": "problem",
        "cold-workers": "warning",
        "liveness": "problem",
    }
    check_settled(place)


def test_a_release_that_does_not_start_again() -> None:
    place = settled(A)
    place.world.unready.add(A.id)
    assert found(place, deep=True) == {"relaunch": "problem"}
    assert len(place.world.slots) == 1


def test_an_app_that_is_something_else() -> None:
    place = settled(A)
    place.world.inspected.continuity = Continuity()
    place.world.inspected.about = ()
    states = {c.check.name: c.state for c in doctor(place.target).checked}
    assert states["session-continuity"] is states["csrf-continuity"] is State.INAPPLICABLE
    assert states["memory-limiter"] is State.SKIPPED


def test_names_are_checked_and_something_must_be_live() -> None:
    assert refused_with(lambda: doctor(settled(A).target, ("nothing",))).exit is Exit.USAGE
    assert refused_with(lambda: doctor(empty().target)).exit is Exit.REFUSED


def test_a_doctor_killed_anywhere_leaves_nothing() -> None:
    kills = 0
    for effect in range(100):
        place = settled(A)
        place.world.stop_before = effect
        try:
            doctor(place.target, deep=True)
        except Crash:
            kills += 1
            check_always(place)
            due_work(place.target)
            check_settled(place)
            assert place.serving == A.id
        else:
            break
    # launched and retired twice, in four effects each
    assert kills == 8


@pytest.mark.parametrize(
    ("continuity", "code"),
    [
        (Continuity(Carry(within=False), FINE), "sessions-lost"),
        (Continuity(Carry(True, True, False, False), FINE), "sessions-lost"),
        (Continuity(FINE, Carry(within=False)), "csrf-lost"),
    ],
)
def test_what_a_deploy_refuses(continuity: Continuity, code: str) -> None:
    place = settled(A)
    place.world.inspected.continuity = continuity
    error = refused_with(lambda: deploy(place.target, Wish(B)))
    assert (error.code, error.exit) == (code, Exit.REFUSED)
    assert place.serving == A.id
    assert len(place.world.slots) == 1


def test_pools_that_do_not_fit_are_refused() -> None:
    place = settled(A)
    place.world.inspected.about = (About((Pool("app", None),)),)
    error = refused_with(lambda: deploy(place.target, Wish(B)))
    assert (error.code, error.exit) == ("connection-budget", Exit.REFUSED)


def test_the_processes_of_every_pod_open_connections() -> None:
    """What fits once on one machine need not fit in many pods."""
    place = settled(A)
    many = replace(place.target, pods=50)
    error = refused_with(lambda: deploy(many, Wish(B)))
    assert (error.code, error.exit) == ("connection-budget", Exit.REFUSED)
    assert place.serving == A.id
    deploy(place.target, Wish(B))


@pytest.mark.parametrize(
    ("continuity", "check"),
    [
        # The live slot is the broken one: the release that cures it must be able to go on stage.
        (Continuity(Carry(True, False, False, False), FINE), "session-continuity"),
        (Continuity(Carry(True, True, True, False), FINE), "session-continuity"),
        # A key was replaced: Flask-WTF has no fallbacks, so this cannot be forbidden.
        (Continuity(FINE, Carry(True, True, False, False)), "csrf-continuity"),
    ],
)
def test_what_a_deploy_only_tells(continuity: Continuity, check: str) -> None:
    place = settled(A)
    place.world.inspected.continuity = continuity
    outcome = deploy(place.target, Wish(B))
    assert [f.check for f in outcome.figures.findings] == [check]
    events = [e for e in place.events if e.name == "finding"]
    assert [e.data["check"] for e in events] == [check]
    assert place.serving == B.id


def test_going_back_is_never_refused() -> None:
    place = serving(A, B)
    place.world.inspected.continuity = Continuity(Carry(within=False), Carry(within=False))
    roll_back(place.target, None)
    assert place.serving == A.id
    assert place.target.doors.stage.observe(ENV).slots
