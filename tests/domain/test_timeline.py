"""Requests over time, and the stretch after a switch."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom.domain.tally import EDGE, NOBODY, Cause, Kind, Record
from greenroom.domain.timeline import after_switches, spanning, timeline

OLD, NEW = "aaaaaaaaaaaa-1", "bbbbbbbbbbbb-2"


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 5_000)), max_size=40))
def test_every_request_is_in_the_timeline_once(asked: list[tuple[float, float]]) -> None:
    records = [Record(start, lasted, Kind.GET, "/", 200, None, OLD) for start, lasted in asked]
    line = timeline(records, 0.0, 105.0, 21)
    assert sum(sum(rates) for _, rates in line.rates) * line.width_s == pytest.approx(len(asked))


def test_a_timeline_tells_who_answered() -> None:
    records = [
        Record(0.0, 100, Kind.GET, "/", 200, None, OLD),
        Record(0.2, 100, Kind.STATIC, "/a", 200),
        Record(1.2, 100, Kind.GET, "/", 200, None, NEW),
        Record(1.3, 100, Kind.GET, "/", None, Cause.RESET),
    ]
    line = timeline(records, 0.0, 2.0, 2)
    assert line.rates == ((OLD, (1, 0)), (EDGE, (1, 0)), (NEW, (0, 1)), (NOBODY, (0, 1)))
    assert line.peak == 2


def test_latency_after_a_switch_ends_with_ten_seconds_or_the_next_switch() -> None:
    def at(start: float, lasted: float, slot: str, kind: Kind = Kind.GET) -> Record:
        return Record(start, lasted, kind, "/", 200, None, slot)

    records = [
        *(at(9, 900, OLD), at(10.5, 100, NEW), at(12, 200, NEW), at(12, 5_000, NEW, Kind.SLOW)),
        *(at(20.5, 900, NEW), at(30, 300, OLD), at(33, 700, NEW)),
    ]
    later, first = after_switches(records, [(OLD, 29.0), (NEW, 10.0)])[::-1]
    assert (first.slot, first.p99_ms) == (NEW, 200)
    assert first.first_answer_ms == pytest.approx(600)
    assert (later.slot, later.p99_ms) == (OLD, 700)
    assert later.first_answer_ms == pytest.approx(1300)
    assert after_switches([], [(NEW, 1.0)])[0].p99_ms is None
    cut_short = after_switches(records, [(NEW, 10.0), (OLD, 11.0)])
    assert [s.p99_ms for s in cut_short] == [100, 900]


def test_long_requests_across_a_switch_are_counted_once() -> None:
    long = [
        Record(0, 30_000, Kind.LONG, "/slow", 200, None, OLD),
        Record(50, 30_000, Kind.LONG, "/slow", 200, None, OLD),
        Record(5, 30_000, Kind.LONG, "/slow", None, Cause.RESET),
        Record(5, 30_000, Kind.GET, "/", 200, None, OLD),
    ]
    assert spanning(long, [10, 20, 45]) == 1
