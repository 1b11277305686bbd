"""The whole load against servers that sin in a known measure: the tally must name exactly that measure."""

from __future__ import annotations

import dataclasses
import socket
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from load_servers import SLOT, Asked, Stage, on_stage

from greenroom.domain.tally import EDGE, NOBODY, Cause, Kind, Phase, Record, Tally
from greenroom.drivers.load import Address, Clients, Load, LoadError, Mix
from greenroom.drivers.load.pace import Pace, Recorder
from tls_keys import make_keys

PAGES = Mix(paths=("/", "/chunked"), clients=Clients(get=4, fresh=3))
ALL = Mix(
    paths=("/", "/chunked"),
    slow_path="/slow",
    echo_path="/echo",
    static_paths=("/static/a",),
    clients=Clients(get=2, fresh=2, post=2, slow=1, upload=1, static=1, stream=1, drip=1, long=1),
    slow_s=0.1,
    upload_s=0.05,
    stream_path="/stream",
    drip_s=0.05,
    long_s=0.1,
    rest_s=0.1,
)
HTTP1 = {kind.value for kind in Kind if kind not in (Kind.H2, Kind.H2_SLOW)}


def run(stage: Stage, mix: Mix, sins: int = 0, requests: int = 100, timeout_s: float = 20.0) -> Tally:
    load = Load(Address("shop.localhost", stage.port), mix, timeout_s=timeout_s)
    load.start()
    stage.wait_for(lambda s: s.sins.total() >= sins and s.requests >= requests)
    tally = load.stop()
    assert tally.requests == stage.requests, "a request was repeated in secret or not recorded"
    assert tally.unfinished == 0
    assert sum(tally.by_kind.values()) == sum(tally.by_slot.values()) == tally.requests == len(load.records)
    return tally


def every_fifth(sin: str) -> object:
    def sinner(asked: Asked) -> str | None:
        return sin if asked.number % 5 == 0 else None

    return sinner


@pytest.mark.parametrize(
    ("sin", "cause"),
    [
        ("reset", Cause.RESET),
        ("eof", Cause.EOF),
        ("truncate", Cause.TRUNCATED),
        ("truncate_chunked", Cause.TRUNCATED),
        ("bad_gateway", Cause.STATUS),
    ],
)
def test_every_loss_is_counted_once(sin: str, cause: Cause) -> None:
    with on_stage(every_fifth(sin)) as stage:  # type: ignore[arg-type]
        tally = run(stage, ALL, sins=20)
        assert Counter(loss.cause for loss in tally.losses) == {cause: stage.sins[sin]}
        assert (tally.lost, tally.app_errors) == (stage.sins[sin], 0)


def test_wrong_echoes_are_counted_once() -> None:
    with on_stage(lambda a: "wrong_body" if a.method == "POST" and a.number % 3 == 0 else None) as stage:
        tally = run(stage, ALL, sins=10)
        assert Counter(loss.cause for loss in tally.losses) == {Cause.WRONG_BODY: stage.sins["wrong_body"]}
        assert {loss.kind for loss in tally.losses} <= {Kind.POST, Kind.UPLOAD, Kind.DRIP}


def test_errors_of_the_release_are_told_apart() -> None:
    with on_stage(every_fifth("app_error")) as stage:  # type: ignore[arg-type]
        tally = run(stage, PAGES, sins=20)
        assert (tally.lost, tally.app_errors) == (0, stage.sins["app_error"])
        assert tally.by_slot == {SLOT: tally.requests}


def test_hanging_requests_time_out() -> None:
    with on_stage(lambda asked: "hang" if asked.number <= 3 else None) as stage:
        tally = run(stage, PAGES, sins=3, timeout_s=2.0)
        assert Counter(loss.cause for loss in tally.losses) == {Cause.TIMEOUT: 3}
        assert tally.by_slot[NOBODY] == 3


def test_an_honest_server_loses_nothing() -> None:
    with on_stage() as stage:
        tally = run(stage, ALL, requests=500)
        assert (tally.lost, tally.app_errors, tally.losses, tally.notes) == (0, 0, (), ())
        assert set(tally.by_kind) == HTTP1
        assert set(tally.by_slot) == {SLOT, EDGE}
        assert tally.by_slot[EDGE] == tally.by_kind["static"]
        assert 0 < tally.p50_ms <= tally.p99_ms <= tally.max_ms


def test_an_honest_server_loses_nothing_over_tls(tmp_path: Path) -> None:
    keys = make_keys(tmp_path)
    with on_stage(keys=keys) as stage:
        load = Load(Address("shop.localhost", stage.port, keys.ca), ALL)
        load.start()
        stage.wait_for(lambda s: s.requests >= 300)
        tally = load.stop()
        assert (tally.lost, tally.requests) == (0, stage.requests)


def test_closing_idle_connections_costs_nothing_that_was_not_sent() -> None:
    """Closing after an answer races with the next request: it may lose, but then the server saw less."""
    with on_stage(lambda asked: "close_after_answer" if asked.number % 7 == 0 else None) as stage:
        load = Load(Address("shop.localhost", stage.port), PAGES)
        load.start()
        stage.wait_for(lambda s: s.sins.total() >= 20)
        tally = load.stop()
        assert tally.requests - tally.lost == stage.requests
        assert {loss.cause for loss in tally.losses} <= {Cause.RESET, Cause.EOF}


def test_a_dead_port_refuses_all_but_does_not_make_clients_spin() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    load = Load(Address("shop.localhost", port), PAGES)
    load.start()
    while load.snapshot().requests < 20:
        threading.Event().wait(0.02)
    tally = load.stop()
    assert tally.lost == tally.requests
    assert {loss.cause for loss in tally.losses} == {Cause.REFUSED}


def test_what_hangs_at_the_stop_is_unfinished_not_lost() -> None:
    mix = Mix(clients=Clients(get=2, fresh=0, post=0, slow=0, upload=0, static=0))
    with on_stage(lambda asked: "hang" if asked.number == 1 else None) as stage:
        load = Load(Address("shop.localhost", stage.port), mix)
        load.start()
        stage.wait_for(lambda s: s.requests >= 5)
        tally = load.stop(timeout=1.0)
        assert (tally.lost, tally.unfinished) == (0, 1)
        assert tally.requests == stage.requests - 1
        assert load.stop() == tally


def test_losses_carry_their_phase_and_snapshots_agree() -> None:
    with on_stage() as stage:
        load = Load(Address("shop.localhost", stage.port), PAGES)
        started = time.monotonic()
        load.start()
        stage.wait_for(lambda s: s.requests >= 50)
        calm = load.snapshot()
        worse = time.monotonic()
        stage.sinner = lambda _: "bad_gateway"
        stage.wait_for(lambda s: s.sins.total() >= 10)
        tally = load.stop(phases=[Phase("calm", started, worse), Phase("bad", worse, float("inf"))])
        assert calm.lost == 0
        assert 50 - len(PAGES.crew()) * 4 <= calm.requests <= tally.requests
        assert Counter(loss.phase for loss in tally.losses) == {"bad": stage.sins["bad_gateway"]}
        assert {loss.phase for loss in load.snapshot().losses} == {None}


def test_a_rate_is_not_exceeded() -> None:
    with on_stage() as stage:
        load = Load(Address("shop.localhost", stage.port), PAGES, max_rate=100)
        began = time.monotonic()
        load.start()
        stage.wait_for(lambda s: s.requests >= 40)
        load.stop()
        assert len(load.records) == stage.requests
        assert max(record.start_s for record in load.records) - began >= (stage.requests - 1) * 0.01 - 0.001


def test_a_long_client_rests_and_then_asks_again() -> None:
    mix = Mix(slow_path="/slow", clients=Clients(0, 0, 0, 0, 0, 0, long=2), long_s=0.1, rest_s=0.5)
    with on_stage() as stage:
        load = Load(Address("shop.localhost", stage.port), mix)
        load.start()
        stage.wait_for(lambda s: s.requests >= 4)
        load.stop()
        starts = sorted(record.start_s for record in load.records)
        assert {record.kind for record in load.records} == {Kind.LONG}
        assert starts[2] - starts[0] >= 0.5
        assert starts[1] - starts[0] >= 0.25


def test_what_ended_lately_is_found() -> None:
    recorder = Recorder()
    for number in range(100):
        recorder.add(Record(float(number), 500.0, Kind.GET, "/", 200))
    assert [r.start_s for r in recorder.since(97.0)] == [97.0, 98.0, 99.0]
    assert recorder.since(200.0) == ()


def test_turns_are_given_in_time_and_end_with_the_stop() -> None:
    stopped = threading.Event()
    pace = Pace(1000, stopped)
    began = time.monotonic()
    assert all(pace.take() for _ in range(50))
    assert time.monotonic() - began >= 0.048
    stopped.set()
    assert not pace.take()
    assert not Pace(None, stopped).take()


def test_a_load_that_cannot_ask_says_so() -> None:
    """Broadcasting is forbidden here, which tells nothing about any server."""
    load = Load(Address("shop.localhost", 9, ip="255.255.255.255"), PAGES)
    load.start()
    with pytest.raises(LoadError, match="could not ask"):
        while not load.snapshot().lost:
            threading.Event().wait(0.01)
    with pytest.raises(LoadError, match="could not ask"):
        load.stop()


def test_what_is_not_tried_is_said() -> None:
    bare = Mix()
    assert [kind for kind, _ in bare.crew()] == [Kind.GET, Kind.FRESH]
    assert len(bare.notes()) == 3
    echo = Mix(echo_path="/echo")
    assert dict(echo.crew())[Kind.UPLOAD] == echo.clients.upload + echo.clients.slow
    assert "no slow page: slow uploads stand in" in echo.notes()
    with on_stage() as stage:
        load = Load(Address("shop.localhost", stage.port), bare)
        load.start()
        assert load.stop().notes == bare.notes()


def test_a_load_that_was_never_started_saw_nothing() -> None:
    tally = Load(Address("shop.localhost", 1), ALL).stop()
    assert tally == Tally()


@pytest.mark.parametrize("paths", [(), ("no-slash",), ("/a b",), ("/a\r\nX: y",)])
def test_a_mix_that_cannot_be_asked_is_refused(paths: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="path"):
        Mix(paths=paths)


@pytest.mark.parametrize(
    "clients", [Clients(0, 0, 0, 0, 0, 0), Clients(get=-1), Clients(0, 0, 3, 0, 0, 0, long=2)]
)
def test_a_mix_without_clients_is_refused(clients: Clients) -> None:
    with pytest.raises(ValueError, match="client"):
        dataclasses.replace(PAGES, clients=clients)


def test_impossible_figures_are_refused(tmp_path: Path) -> None:
    address = Address("shop.localhost", 1)
    with pytest.raises(ValueError, match="positive"):
        Load(address, PAGES, max_rate=0)
    with pytest.raises(ValueError, match="positive"):
        Load(address, PAGES, timeout_s=0)
    with pytest.raises(OSError, match="No such file"):
        Load(dataclasses.replace(address, ca_file=tmp_path / "none.pem"), PAGES)
