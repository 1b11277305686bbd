"""Every command killed before every single one of its effects, and everybody who comes after it killed too.

A kill is :class:`Crash`: nothing cleans up. After it the supervisor's due work, or the next command, must bring the
environment to order from what it sees. ``test_every_interruption_was_covered`` says how many kills that were.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_target import (
    A,
    B,
    C,
    D,
    E,
    Place,
    check_always,
    check_settled,
    empty,
    serving,
    settle_all,
    settled,
)

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.release import Release
from greenroom.domain.stage import Mode
from greenroom.drivers.memory import Crash
from greenroom.services.deliver import Wish, deploy, roll_back
from greenroom.services.environments.removing import destroy
from greenroom.services.environments.sleeping import due_work
from greenroom.services.up import up

Act = Callable[[Place], object]


@dataclass(frozen=True)
class Story:
    """``before`` makes the place, ``act`` is the command that is killed; ``ends`` the releases that may then serve."""

    name: str
    before: Callable[[], Place]
    act: Act
    ends: tuple[Release | None, ...]
    gone: bool = False

    def __str__(self) -> str:
        return self.name


def wish(release: Release, window: Mode | None = None, watch: bool = True) -> Act:
    return lambda place: deploy(place.target, Wish(release, window, watch=watch))


def restart(place: Place) -> object:
    return deploy(place.target, Wish(restart=True))


def back(release: Release | None = None) -> Act:
    return lambda place: roll_back(place.target, release)


def bad(place: Place, release: Release) -> Place:
    place.world.bad.add(release.id)
    return place


def unready(place: Place, release: Release) -> Place:
    place.world.unready.add(release.id)
    return place


def failing(place: Place, revision: str) -> Place:
    place.world.failing_migrations.add(revision)
    return place


def killed_after_switch() -> Place:
    """A deploy that died as soon as its slot was live."""
    place = settled(A)
    count = _effects(place.copy(), wish(B))
    for k in range(count):
        one = place.copy()
        if _crashes(one, wish(B), k) and one.serving == B.id:
            one.world.time += 60.0
            return one
    raise AssertionError("never switched")


def first(place: Place) -> object:
    return up(place.target)


def tolerant(act: Act) -> Act:
    """A command that may be refused; any other end is a fault."""

    def run(place: Place) -> object:
        try:
            return act(place)
        except GreenroomError as error:
            assert error.code != "bug", error
            return error

    return run


STORIES = (
    Story("up, first release", empty, lambda p: deploy(p.target, Wish(A)), (None, A)),
    Story("deploy, no revision", lambda: settled(B), wish(C), (B, C)),
    Story("deploy, expand", lambda: settled(A), wish(B), (A, B)),
    Story("deploy beside a warm slot", lambda: serving(A, B), wish(C), (B, C)),
    Story("deploy, not watched", lambda: settled(A), wish(B, watch=False), (A, B)),
    Story("deploy in a maintenance window", lambda: settled(C), wish(D, Mode.MAINTENANCE), (C, D)),
    Story("deploy in a hold window", lambda: settled(C), wish(D, Mode.HOLD), (C, D)),
    Story("deploy two revisions in a window", lambda: settled(D), wish(E, Mode.HOLD), (D, E)),
    Story("restart", lambda: serving(A, B), restart, (B,)),
    Story("roll back to the warm slot", lambda: serving(A, B), back(), (A, B)),
    Story("roll back to a release", lambda: settled(A, B, C), back(A), (A, C)),
    Story("restart after a rollback", lambda: _rolled_back(), restart, (A,)),
    Story("deploy what turns bad", lambda: bad(settled(A), B), tolerant(wish(B)), (A, B)),
    Story("deploy what is not ready", lambda: unready(settled(A), B), tolerant(wish(B)), (A,)),
    Story("deploy with a failing migration", lambda: failing(settled(A), "0002"), tolerant(wish(B)), (A,)),
    Story(
        "fail the second revision in a window",
        lambda: failing(settled(D), "0004"),
        tolerant(wish(E, Mode.MAINTENANCE)),
        (D,),
    ),
    Story("due work after a kill", killed_after_switch, lambda p: due_work(p.target), (B,)),
    Story("destroy", lambda: serving(A, B), lambda p: destroy(p.target, stop=True), (None, A, B), gone=True),
    Story("up when it serves", lambda: settled(A), first, (A,)),
    Story("up from nothing", lambda: _only(E), first, (None, E)),
)


def _rolled_back() -> Place:
    place = serving(A, B)
    roll_back(place.target, None)
    return place


def _only(release: Release) -> Place:
    place = empty()
    place.world.releases = {"HEAD": release, release.id: release}
    return place


def _effects(place: Place, act: Act) -> int:
    before = len(place.world.effects)
    act(place)
    return len(place.world.effects) - before


def _crashes(place: Place, act: Act, before_effect: int) -> bool:
    """Run it killed before that effect; false when it ended earlier."""
    place.world.stop_before = before_effect
    try:
        act(place)
    except Crash:
        return True
    finally:
        place.world.stop_before = None
    return False


def settle(place: Place) -> object:
    return due_work(place.target)


def _heal(place: Place) -> None:
    place.world.bad.clear()
    place.world.unready.clear()
    place.world.failing_migrations.clear()


def _in_order(place: Place, story: Story) -> None:
    settle_all(place)
    check_settled(place)
    assert place.serving in {r.id if r else None for r in story.ends}


@pytest.mark.parametrize("story", STORIES, ids=str)
def test_the_story_without_a_kill(story: Story) -> None:
    place = story.before()
    check_always(place)
    story.act(place)
    check_always(place)
    _in_order(place, story)


@pytest.mark.parametrize("story", STORIES, ids=str)
def test_killed_anywhere_the_supervisor_brings_order(story: Story) -> None:
    start = story.before()
    for k in range(_effects(start.copy(), story.act)):
        place = start.copy()
        assert _crashes(place, story.act, k)
        check_always(place)
        settle(place)
        check_always(place)
        _in_order(place, story)


@pytest.mark.parametrize("story", STORIES, ids=str)
def test_killed_anywhere_the_same_command_succeeds(story: Story) -> None:
    start = story.before()
    for k in range(_effects(start.copy(), story.act)):
        place = start.copy()
        assert _crashes(place, story.act, k)
        tolerant(story.act)(place)
        check_always(place)
        _in_order(place, story)
        if not story.gone:
            _heal(place)
            deploy(place.target, Wish(E, Mode.MAINTENANCE))
            check_always(place)
            assert place.serving == E.id


@pytest.mark.parametrize("story", STORIES, ids=str)
def test_killed_anywhere_and_the_supervisor_killed_anywhere(story: Story) -> None:
    start = story.before()
    for k in range(_effects(start.copy(), story.act)):
        killed = start.copy()
        assert _crashes(killed, story.act, k)
        for later in (0.0, 20.0, 1_000.0):
            for j in range(100):
                place = killed.copy()
                place.world.time += later
                if not _crashes(place, settle, j):
                    break
                check_always(place)
                _in_order(place, story)


NEXT: tuple[Act, ...] = (
    settle,
    wish(A),
    wish(B),
    wish(C, watch=False),
    wish(D, Mode.HOLD),
    wish(E, Mode.MAINTENANCE),
    restart,
    back(),
    back(A),
    back(D),
)


@settings(max_examples=150, deadline=None)
@given(
    story=st.sampled_from([s for s in STORIES if not s.gone]),
    first_kill=st.integers(0, 25),
    more=st.lists(
        st.tuples(
            st.sampled_from(NEXT), st.none() | st.integers(0, 25), st.sampled_from([0.0, 5.0, 20.0, 700.0])
        ),
        max_size=6,
    ),
)
def test_killed_again_and_again(
    story: Story, first_kill: int, more: list[tuple[Act, int | None, float]]
) -> None:
    place = story.before()
    _crashes(place, tolerant(story.act), first_kill)
    check_always(place)
    for act, kill, later in more:
        place.world.time += later
        _crashes(place, tolerant(act), 10_000 if kill is None else kill)
        check_always(place)
    _heal(place)
    settle_all(place)
    check_settled(place)
    deploy(place.target, Wish(E, Mode.MAINTENANCE))
    check_always(place)
    assert place.serving == E.id
    settle_all(place)
    check_settled(place)


@pytest.mark.parametrize("story", STORIES, ids=str)
def test_ctrl_c_anywhere_says_who_serves(story: Story) -> None:
    """Unlike a kill, Ctrl-C is cleaned up after: exit 130 before and after the switch, and nothing half-way."""
    start = story.before()
    for k in range(_effects(start.copy(), story.act)):
        place = start.copy()
        _interrupt(place, story.act, k)
        check_always(place)
        _in_order(place, story)


def _interrupt(place: Place, act: Act, before_effect: int) -> None:
    world = place.world

    class Interrupting(list[str]):
        def append(self, name: str) -> None:
            if len(self) == count + before_effect and not fired:
                fired.append(name)
                raise KeyboardInterrupt
            super().append(name)

    fired: list[str] = []
    count = len(world.effects)
    world.effects = Interrupting(world.effects)
    try:
        act(place)
    except KeyboardInterrupt:
        pass
    except GreenroomError as error:
        assert error.exit is Exit.INTERRUPTED, error
    finally:
        world.effects = list(world.effects)


def test_every_interruption_was_covered(record_property: Callable[[str, object], None]) -> None:
    counts = {story.name: _effects(story.before(), story.act) for story in STORIES}
    record_property("interruption_points", sum(counts.values()))
    assert sum(counts.values()) > 240, counts
    assert all(counts.values()), counts
