"""HTTP/2 against servers that sin in a known measure: each loss is seen for what it is, nothing is asked in secret."""

from __future__ import annotations

import dataclasses
import struct
from collections import Counter

import pytest
from load_h2 import Asked, H2Stage, goaway, on_h2_stage
from load_servers import on_stage

from greenroom.domain.tally import Cause, Kind, Tally
from greenroom.drivers.load import Address, Clients, Load, Mix
from greenroom.drivers.load.h2_frames import Frames
from greenroom.drivers.load.wire import Cut
from tls_keys import Keys, make_keys

MIX = Mix(
    paths=("/", "/other"),
    slow_path="/slow",
    echo_path="/echo",
    static_paths=("/static/a",),
    stream_path="/stream",
    clients=Clients(0, 0, 0, 0, 0, 0, h2=1),
)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return make_keys(tmp_path_factory.mktemp("keys"))


def start(stage: H2Stage, keys: Keys, mix: Mix = MIX, timeout_s: float = 20.0) -> Load:
    load = Load(Address("shop.localhost", stage.port, keys.ca), mix, timeout_s=timeout_s)
    load.start()
    return load


def sin_at(number: int, sin: str, keys: Keys, timeout_s: float = 20.0) -> Tally:
    """The tally of a load that meets one sin; every request that the server saw is in it once."""
    with on_h2_stage(keys, lambda asked: sin if asked.number == number else None) as stage:
        load = start(stage, keys, timeout_s=timeout_s)
        stage.wait_for(lambda s: s.sins.total() == 1 and s.requests >= number + 20)
        tally = load.stop()
        assert tally.requests + tally.repeated == stage.requests
        assert tally.unfinished == 0
        return tally


def test_an_honest_server_loses_nothing(keys: Keys) -> None:
    with on_h2_stage(keys) as stage:
        load = start(stage, keys)
        stage.wait_for(lambda s: s.requests >= 300)
        tally = load.stop()
        assert (tally.lost, tally.app_errors, tally.repeated, tally.notes) == (0, 0, 0, ())
        assert tally.requests == stage.requests
        assert stage.connections == 1
        first, second = sorted(load.records, key=lambda r: r.start_s)[:2]
        assert second.start_s < first.end_s, "one waited for the other"
        assert set(tally.by_kind) == {"h2", "h2_slow"}
        assert [r.reused for r in load.records].count(False) == 1


@pytest.mark.parametrize(
    ("sin", "cause"),
    [
        ("rst", Cause.RESET),
        ("rst_after_head", Cause.RESET),
        ("bad_gateway", Cause.STATUS),
    ],
)
def test_a_stream_that_fails_is_lost_alone(sin: str, cause: Cause, keys: Keys) -> None:
    tally = sin_at(7, sin, keys)
    assert [loss.cause for loss in tally.losses] == [cause]


def test_silence_is_a_timeout_and_the_connection_lives_on(keys: Keys) -> None:
    with on_h2_stage(keys, lambda asked: "hang" if asked.number == 5 else None) as stage:
        load = start(stage, keys, timeout_s=1.0)
        stage.wait_for(lambda s: s.requests >= 10)
        while not load.snapshot().lost:
            pass
        tally = load.stop()
        assert [loss.cause for loss in tally.losses] == [Cause.TIMEOUT]
        assert stage.connections == 1


@pytest.mark.parametrize(
    ("sin", "causes"),
    [
        ("end", {Cause.EOF}),
        ("end_by_reset", {Cause.RESET, Cause.EOF}),
        ("goaway_then_end", {Cause.EOF}),
        ("nonsense", {Cause.WRONG_BODY}),
        ("too_short", {Cause.WRONG_BODY}),
        ("no_end_stream", {Cause.TRUNCATED, Cause.EOF}),
    ],
)
def test_a_connection_that_fails_loses_all_that_was_on_it(sin: str, causes: set[Cause], keys: Keys) -> None:
    with on_h2_stage(keys, lambda asked: sin if asked.number == 9 else None) as stage:
        load = start(stage, keys)
        stage.wait_for(lambda s: s.sins.total() == 1 and s.requests >= 30)
        tally = load.stop()
    # What was sent and not read yet when the server closed is lost as well: at most every lane.
    assert 1 <= tally.lost <= 5
    assert {loss.cause for loss in tally.losses} <= causes
    # What came after the last stream that the server says it saw is asked again, as browsers do.
    assert tally.repeated == 0 or sin == "goaway_then_end"
    if sin == "no_end_stream":
        assert [loss.cause for loss in tally.losses].count(Cause.TRUNCATED) == 1


@pytest.mark.parametrize("sin", ["refuse", "goaway_unseen"])
def test_what_the_server_has_not_seen_is_repeated_and_counted(sin: str, keys: Keys) -> None:
    with on_h2_stage(keys, lambda asked: sin if asked.number == 9 else None) as stage:
        load = start(stage, keys)
        stage.wait_for(lambda s: s.sins.total() == 1 and s.requests >= 40)
        tally = load.stop()
        assert (tally.lost, tally.unfinished) == (0, 0)
        assert 1 <= tally.repeated <= 5
        assert stage.connections == (1 if sin == "refuse" else 2)


def test_what_is_refused_twice_is_lost(keys: Keys) -> None:
    with on_h2_stage(keys, lambda asked: "refuse" if asked.path == "/echo" else None) as stage:
        load = start(stage, keys)
        stage.wait_for(lambda s: s.sins["refuse"] >= 6)
        tally = load.stop()
        assert {loss.path for loss in tally.losses} == {"/echo"}
        assert {loss.cause for loss in tally.losses} == {Cause.REFUSED}
        assert tally.repeated == tally.lost == stage.sins["refuse"] / 2
        assert tally.requests + tally.repeated == stage.requests


def test_a_polite_goaway_costs_nothing(keys: Keys) -> None:
    """h2 alone would refuse the answers that follow it."""

    def every_fifth_stream(asked: Asked) -> str | None:
        return "goaway_then_answer" if asked.turn == 5 else None

    with on_h2_stage(keys, every_fifth_stream) as stage:
        load = start(stage, keys, dataclasses.replace(MIX, paths=("/",), echo_path=None))
        stage.wait_for(lambda s: s.sins.total() >= 4)
        tally = load.stop()
        assert tally.lost == 0
        assert stage.connections >= 4


def test_a_wrong_echo_and_an_error_of_the_release_are_told_apart(keys: Keys) -> None:
    def sinner(asked: Asked) -> str | None:
        return "wrong_body" if asked.method == "POST" else "app_error" if asked.number % 4 == 0 else None

    with on_h2_stage(keys, sinner) as stage:
        load = start(stage, keys)
        stage.wait_for(lambda s: s.sins["wrong_body"] >= 5 and s.sins["app_error"] >= 5)
        tally = load.stop()
        assert Counter(loss.cause for loss in tally.losses) == {Cause.WRONG_BODY: stage.sins["wrong_body"]}
        assert tally.app_errors == stage.sins["app_error"]


def test_a_dead_port_refuses(keys: Keys) -> None:
    with on_h2_stage(keys) as stage:
        pass
    load = start(stage, keys)
    while load.snapshot().requests < 5:
        pass
    assert {loss.cause for loss in load.stop().losses} == {Cause.REFUSED}


def test_what_hangs_at_the_stop_is_unfinished(keys: Keys) -> None:
    with on_h2_stage(keys, lambda asked: "hang" if asked.path == "/slow?s=2" else None) as stage:
        load = start(stage, keys)
        stage.wait_for(lambda s: s.requests >= 20)
        tally = load.stop(timeout=0.5)
        assert (tally.lost, tally.unfinished) == (0, 1)


def test_a_server_without_http2_is_noted(keys: Keys) -> None:
    with on_stage(keys=keys) as stage:
        load = Load(
            Address("shop.localhost", stage.port, keys.ca), dataclasses.replace(MIX, clients=Clients(h2=1))
        )
        load.start()
        stage.wait_for(lambda s: s.requests >= 50)
        tally = load.stop()
        assert tally.lost == 0
        assert "the edge offers no HTTP/2: it is not tried" in tally.notes
        assert Kind.H2 not in tally.by_kind


def test_without_tls_http2_is_not_tried() -> None:
    with on_stage() as stage:
        load = Load(Address("shop.localhost", stage.port), dataclasses.replace(MIX, clients=Clients(h2=1)))
        load.start()
        stage.wait_for(lambda s: s.requests >= 10)
        assert "no TLS: HTTP/2 is not tried" in load.stop().notes


def test_goaways_are_taken_out_wherever_the_bytes_are_cut() -> None:
    data = b"\x00\x00\x08\x06\x00\x00\x00\x00\x0012345678"
    whole = data + goaway(7) + data
    for cut in range(len(whole)):
        frames = Frames()
        one, first = frames.feed(whole[:cut])
        two, second = frames.feed(whole[cut:])
        assert one + two == data * 2
        assert [g.last_stream for g in (*first, *second)] == [7]
    with pytest.raises(Cut):
        Frames().feed(struct.pack(">I", 16_385 << 8) + b"\x00" * 5)
