"""Folding, merging and attributing what a load saw."""

from __future__ import annotations

import dataclasses
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom.domain.histogram import histogram, percentile
from greenroom.domain.tally import (
    EDGE,
    NOBODY,
    Cause,
    Kind,
    Phase,
    Record,
    Tally,
    attribute,
    first_answer_ms,
    fold,
    merge,
)

durations = st.floats(0, 60_000, allow_nan=False)
records = st.builds(
    Record,
    start_s=st.floats(0, 1000, allow_nan=False),
    duration_ms=durations,
    kind=st.sampled_from(Kind),
    path=st.sampled_from(["/", "/item/1"]),
    status=st.sampled_from([None, 200, 302, 404, 500, 502]),
    cause=st.none() | st.sampled_from(Cause),
    slot=st.sampled_from([None, "aaaaaaaaaaaa-1", "bbbbbbbbbbbb-2"]),
    reused=st.booleans(),
    repeats=st.integers(0, 1),
)
lists = st.lists(records, max_size=30)
shares = st.floats(0, 1)


@settings(deadline=None)
@given(lists)
def test_a_fold_counts_every_request_once(seen: list[Record]) -> None:
    tally = fold(seen)
    assert tally.requests == len(seen) == sum(tally.by_kind.values()) == sum(tally.by_slot.values())
    assert tally.lost == len(tally.losses) == sum(r.lost for r in seen)
    assert tally.app_errors == sum(r.app_error for r in seen)
    assert tally.repeated == sum(r.repeats for r in seen)
    assert tally.lost + tally.app_errors == sum(r.cause is not None for r in seen)


@settings(deadline=None)
@given(lists, lists, lists)
def test_folds_merge_into_the_fold_of_all(a: list[Record], b: list[Record], c: list[Record]) -> None:
    assert merge(merge(fold(a), fold(b)), fold(c)) == merge(fold(a), merge(fold(b), fold(c)))
    assert merge(fold(a), fold(b)) == merge(fold(b), fold(a)) == fold(a + b)
    assert merge(fold(a), Tally()) == fold(a)


@settings(deadline=None)
@given(st.lists(durations, min_size=1), shares)
def test_a_histogram_is_right_to_one_percent(values: list[float], share: float) -> None:
    exact = max(percentile(values, share), 0.001)
    assert exact <= histogram(values).percentile(share) * (1 + 1e-9)
    assert histogram(values).percentile(share) <= exact * 1.0101


@settings(deadline=None)
@given(st.lists(durations, min_size=1), shares)
def test_a_percentile_is_the_nearest_rank(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(v <= found for v in values) >= share * len(values) - 1e-9
    assert sum(v < found for v in values) <= max(0, math.ceil(share * len(values)) - 1)


def test_a_percentile_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)
    with pytest.raises(ValueError, match="between 0 and 1"):
        percentile([1.0], 1.5)
    assert (Tally().p50_ms, Tally().p99_ms, Tally().max_ms) == (0, 0, 0)


@pytest.mark.parametrize(
    ("status", "cause", "slot", "lost", "app_error"),
    [
        (200, None, "s", False, False),
        (500, Cause.STATUS, "s", False, True),
        (500, Cause.STATUS, None, True, False),
        (502, Cause.STATUS, None, True, False),
        (404, Cause.STATUS, "s", True, False),
        (500, Cause.TRUNCATED, "s", True, False),
        (None, Cause.REFUSED, None, True, False),
    ],
)
def test_only_a_whole_5xx_of_the_release_is_its_own_error(
    status: int | None, cause: Cause | None, slot: str | None, lost: bool, app_error: bool
) -> None:
    record = Record(0, 1, Kind.GET, "/", status, cause, slot)
    assert (record.lost, record.app_error) == (lost, app_error)


def test_answers_are_counted_by_who_gave_them() -> None:
    seen = [
        Record(0, 1, Kind.GET, "/", 200, None, "s"),
        Record(0, 1, Kind.STATIC, "/static/a", 200),
        Record(0, 1, Kind.GET, "/", None, Cause.RESET),
    ]
    assert fold(seen).by_slot == {"s": 1, EDGE: 1, NOBODY: 1}


def test_slow_and_lost_requests_say_nothing_about_latency() -> None:
    seen = [
        Record(0, 10, Kind.GET, "/", 200),
        Record(0, 2000, Kind.SLOW, "/slow", 200),
        Record(0, 1000, Kind.UPLOAD, "/echo", 200),
        Record(0, 30_000, Kind.GET, "/", 502, Cause.STATUS),
    ]
    tally = fold(seen)
    assert (tally.p50_ms, tally.p99_ms, tally.max_ms) == (10, 10, 10)


def test_a_cut_belongs_to_the_moment_it_was_seen_a_timeout_to_the_moment_of_asking() -> None:
    phases = [Phase("deploy", 0, 10), Phase("switch", 4, 5), Phase("after", 10, 20)]
    seen = [
        Record(3.0, 1500, Kind.GET, "/cut", None, Cause.RESET),
        Record(3.0, 12_000, Kind.GET, "/silent", None, Cause.TIMEOUT),
        Record(30.0, 10, Kind.GET, "/late", None, Cause.EOF),
    ]
    found = {loss.path: loss.phase for loss in fold(seen, phases).losses}
    assert found == {"/cut": "switch", "/silent": "deploy", "/late": None}


@settings(deadline=None)
@given(lists)
def test_phases_may_be_given_later(seen: list[Record]) -> None:
    phases = [Phase("a", 0, 300), Phase("b", 200, 800)]
    assert attribute(fold(seen), phases) == fold(seen, phases)
    assert attribute(fold(seen, phases), ()) == fold(seen)


def test_the_first_answer_counts_from_the_switch() -> None:
    old, new = "aaaaaaaaaaaa-1", "bbbbbbbbbbbb-2"
    seen = [
        Record(9.0, 2000, Kind.SLOW, "/slow", 200, None, new),
        Record(10.125, 125, Kind.GET, "/", 200, None, old),
        Record(10.25, 500, Kind.GET, "/", 200, None, new),
        Record(10.375, 125, Kind.GET, "/", 200, None, new),
        Record(10.25, 1, Kind.GET, "/", 500, Cause.STATUS, new),
    ]
    assert first_answer_ms(seen, new, 10.0) == 500
    assert first_answer_ms(seen, "cccccccccccc-3", 10.0) is None


@settings(deadline=None)
@given(lists, st.floats(0, 1000))
def test_a_first_answer_is_never_before_the_switch(seen: list[Record], switched_at: float) -> None:
    found = first_answer_ms(seen, "aaaaaaaaaaaa-1", switched_at)
    assert found is None or found >= 0


def test_notes_and_unfinished_survive_a_merge() -> None:
    one = dataclasses.replace(Tally(), notes=("b", "a"), unfinished=1)
    other = dataclasses.replace(Tally(), notes=("a",), unfinished=2)
    assert (merge(one, other).notes, merge(one, other).unfinished) == (("a", "b"), 3)
