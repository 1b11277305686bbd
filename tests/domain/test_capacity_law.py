"""The reckoning of capacity: the laws against figures from the books, and what must hold of every answer."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greenroom.domain.capacity import Goal, Shape, Work, advised, expected, holds, needed, notes
from greenroom.domain.queueing import erlang_c, mean_wait, wait

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

WORK = Work(800, 10.0, 2, 8, 2.0, 5.0, 12.0, 0.5, 14.0, 40.0, 55.0)
"""80 requests/s, 5 ms of CPU and 12 ms of a thread each."""
NOW = Shape(2, 2, 8)

works = st.builds(
    lambda cpu, aside, cores: replace(WORK, cpu_ms=cpu, busy_ms=cpu + aside, cores=cores),
    st.floats(0.2, 80),
    st.floats(0, 500),
    st.floats(0.25, 16),
)
goals = st.builds(Goal, st.floats(0.1, 400), st.floats(0, 2), st.none() | st.floats(60, 3000))
shapes = st.builds(Shape, st.integers(1, 6), st.integers(1, 6), st.integers(1, 16))


@pytest.mark.parametrize(
    ("servers", "offered", "share"),
    [(1, 0.5, 0.5), (2, 1.0, 1 / 3), (5, 4.0, 0.5541), (10, 8.0, 0.4092), (3, 3.0, 1.0), (3, 0.0, 0.0)],
)
def test_erlang_c_is_the_books(servers: int, offered: float, share: float) -> None:
    """M/M/1: the utilisation itself; M/M/2: 2 u^2 / (1 + u); the others from published tables."""
    assert erlang_c(servers, offered) == pytest.approx(share, abs=1e-4)


def test_waiting_in_a_single_queue_is_the_closed_form() -> None:
    """M/M/1 at 50 of 100 requests a second: mean wait u / (c - rate) = 10 ms, P(wait > t) = u exp(-50 t)."""
    assert mean_wait(1, 50, 0.01) == pytest.approx(0.01)
    assert 0.5 * math.exp(-50 * wait(1, 50, 0.01, 0.01)) == pytest.approx(0.01)
    assert wait(1, 100, 0.01, 0.01) == math.inf
    assert wait(1, 0, 0.01, 0.01) == 0


def test_the_utilisation_law_is_kept() -> None:
    """200/s at 5 ms are one core: two processes half busy, whatever else is waited for."""
    assert expected(WORK, 200, Shape(1, 2, 8)).cpu == pytest.approx(0.5)
    assert expected(WORK, 401, Shape(1, 2, 8)).p99_ms == math.inf


@CALM
@given(works, goals, st.booleans(), shapes)
def test_the_margin_is_honoured_and_nothing_is_set_below_what_was_measured(
    work: Work, goal: Goal, many_pods: bool, now: Shape
) -> None:
    now = now if many_pods else replace(now, pods=1)
    least = needed(work, goal, now, many_pods)
    if least is None:
        return
    to_set = advised(least, now)
    for shape in (least, to_set):
        found = expected(work, goal.rate * (1 + goal.margin), shape)
        assert found.cpu < 1
        assert found.p99_ms <= (goal.p99_ms or math.inf)
        assert shape.total >= goal.whole * work.cpu_ms / 1000
    assert (to_set.pods, to_set.processes, to_set.threads) >= (now.pods, now.processes, now.threads)
    assert to_set.total >= now.total


@CALM
@given(works, goals, st.floats(1, 5), st.booleans(), shapes)
def test_more_load_never_needs_less(work: Work, goal: Goal, more: float, many_pods: bool, now: Shape) -> None:
    least = needed(work, goal, now, many_pods)
    greater = needed(work, replace(goal, rate=goal.rate * more), now, many_pods)
    assert greater is None or (least is not None and greater.total >= least.total)


@CALM
@given(works, st.floats(0.1, 300), shapes, st.sampled_from(["pods", "processes", "threads"]))
def test_more_of_anything_never_makes_it_slower(work: Work, rate: float, shape: Shape, what: str) -> None:
    greater = replace(shape, **{what: getattr(shape, what) + 1})
    assert expected(work, rate, greater).p99_ms <= expected(work, rate, shape).p99_ms * (1 + 1e-9)


@CALM
@given(works, goals, st.booleans(), shapes)
def test_the_least_is_the_least(work: Work, goal: Goal, many_pods: bool, now: Shape) -> None:
    least = needed(work, goal, now, many_pods)
    if least is not None:
        fewer = replace(
            least, **({"pods": least.pods - 1} if many_pods else {"processes": least.processes - 1})
        )
        most = replace(fewer, threads=max(now.threads, 32))
        assert not fewer.total or not holds(work, goal, most)
        assert least.threads == 1 or not holds(work, goal, replace(least, threads=least.threads - 1))


def test_a_guess_is_called_one() -> None:
    assert not any("a guess" in n for n in notes(WORK, Goal(184, 0.3), NOW))
    far = notes(WORK, Goal(200, 0.3), NOW)
    assert any("3.2 times what was measured" in n and "--rate 87" in n for n in far)
    assert any("hold" in n for n in notes(replace(WORK, cpu_ms=20.0), Goal(10), NOW))
    assert any("waited 4 ms for a core" in n for n in notes(replace(WORK, delay_ms=4.0), Goal(10), NOW))
    assert any("4 processes share 2 cores" in n for n in notes(WORK, Goal(10), Shape(1, 4, 8)))


def test_the_figures_survive_the_ledger() -> None:
    assert Work.from_json(WORK.to_json()) == WORK
    with pytest.raises(KeyError):
        Work.from_json({})
