"""One client, one request at a time: each way to lose is seen for what it is."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from load_servers import SLOT, Asked, on_stage

from greenroom.domain.tally import Cause, Kind, Record
from greenroom.drivers.load.asks import asks, lasting
from greenroom.drivers.load.client import Client
from greenroom.drivers.load.mix import Address, Mix
from greenroom.drivers.load.wire import Dialer, cause_of
from tls_keys import Keys, make_keys

MIX = Mix(
    paths=("/", "/chunked"),
    slow_path="/slow",
    echo_path="/echo",
    static_paths=("/static/a",),
    upload_s=0.1,
    stream_path="/stream",
    drip_s=0.1,
    long_s=0.2,
)
KINDS = [kind for kind in Kind if kind not in (Kind.H2, Kind.H2_SLOW)]


@contextmanager
def client(
    kind: Kind,
    port: int,
    ca_file: Path | None = None,
    timeout_s: float = 20.0,
    keep: bool = True,
    host: str = "shop.localhost",
) -> Iterator[Client]:
    address = Address(host, port, ca_file)
    one = Client(kind, asks(kind, MIX, address, 0), Dialer(address), timeout_s, keep)
    try:
        yield one
    finally:
        one.close()


def ask_once(kind: Kind, sin: str | None, keys: Keys | None = None, timeout_s: float = 20.0) -> Record:
    with (
        on_stage(lambda _: sin, keys) as stage,
        client(kind, stage.port, keys.ca if keys else None, timeout_s) as one,
    ):
        record = one.ask()
        assert stage.requests == 1
        return record


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return make_keys(tmp_path_factory.mktemp("keys"))


LOSING = [
    ("reset", Cause.RESET),
    ("eof", Cause.EOF),
    ("truncate", Cause.TRUNCATED),
    ("truncate_chunked", Cause.TRUNCATED),
    ("truncate_head", Cause.TRUNCATED),
    ("nonsense", Cause.WRONG_BODY),
    ("longer", Cause.WRONG_BODY),
    ("bad_gateway", Cause.STATUS),
    ("not_found", Cause.STATUS),
]


@pytest.mark.parametrize(("sin", "cause"), LOSING)
@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("kind", [Kind.GET, Kind.POST, Kind.UPLOAD, Kind.STREAM, Kind.DRIP, Kind.LONG])
def test_each_loss_has_its_cause(sin: str, cause: Cause, secure: bool, kind: Kind, keys: Keys) -> None:
    record = ask_once(kind, sin, keys if secure else None)
    assert (record.cause, record.lost, record.app_error) == (cause, True, False)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("secure", [False, True])
def test_an_honest_answer_is_good(kind: Kind, secure: bool, keys: Keys) -> None:
    record = ask_once(kind, None, keys if secure else None)
    assert (record.cause, record.status, record.reused) == (None, 200, False)
    assert record.slot == (None if kind is Kind.STATIC else SLOT)


def test_a_slow_page_is_told_how_long() -> None:
    assert ask_once(Kind.SLOW, None).path == "/slow?s=2"


@pytest.mark.parametrize(
    ("path", "asked"),
    [("/slow", "/slow?s=30"), ("/slow?s=2", "/slow?s=30"), ("/slow?a=b&s=1&c", "/slow?a=b&c&s=30")],
)
def test_a_slow_page_is_asked_for_its_time(path: str, asked: str) -> None:
    assert lasting(path, 30.0) == asked


def test_a_token_is_shown_with_every_request() -> None:
    shown = Address("shop", 80, shown=(("x-greenroom-token", "grt_x_y"),))
    for kind in (Kind.GET, Kind.POST, Kind.UPLOAD, Kind.DRIP):
        assert b"\r\nx-greenroom-token: grt_x_y\r\n" in next(asks(kind, MIX, shown, 0)).pieces[0]
        assert b"token" not in next(asks(kind, MIX, Address("shop", 80), 0)).pieces[0]
    assert "grt_x_y" not in repr(shown)


def test_without_a_slow_page_a_long_request_is_a_long_upload() -> None:
    bare = dataclasses.replace(MIX, slow_path=None)
    request = next(asks(Kind.LONG, bare, Address("shop", 80), 0))
    assert request.path == "/echo"
    assert request.gap_s * (len(request.pieces) - 1) == pytest.approx(0.2)
    assert f"Content-Length: {sum(map(len, request.pieces[1:]))}".encode() in request.pieces[0]


def test_a_stream_that_ends_in_the_middle_is_lost() -> None:
    record = ask_once(Kind.STREAM, "stream_cut")
    assert (record.cause, record.status, record.duration_ms >= 40) == (Cause.TRUNCATED, 200, True)


@pytest.mark.parametrize("kind", [Kind.POST, Kind.UPLOAD, Kind.DRIP])
def test_a_wrong_echo_is_lost(kind: Kind) -> None:
    assert ask_once(kind, "wrong_body").cause is Cause.WRONG_BODY


def test_a_page_instead_of_an_echo_is_lost() -> None:
    assert ask_once(Kind.POST, "until_end").cause is Cause.WRONG_BODY


def test_a_redirect_is_good_for_a_page_but_not_for_an_echo() -> None:
    assert ask_once(Kind.GET, "redirect").cause is None
    assert ask_once(Kind.POST, "redirect").cause is Cause.STATUS


@pytest.mark.parametrize("sin", ["interim", "until_end"])
def test_other_ways_to_answer_are_good(sin: str) -> None:
    record = ask_once(Kind.GET, sin)
    assert (record.cause, record.status, record.slot) == (None, 200, SLOT)


def test_tls_that_ends_without_a_word_is_truncated(keys: Keys) -> None:
    """Without a length only close_notify tells the end from a cut (RFC 9112, section 9.8)."""
    assert ask_once(Kind.GET, "until_end", keys).cause is Cause.TRUNCATED


def test_an_error_of_the_release_is_not_lost() -> None:
    record = ask_once(Kind.GET, "app_error")
    assert (record.status, record.slot, record.lost, record.app_error) == (500, SLOT, False, True)


@pytest.mark.parametrize("kind", [Kind.GET, Kind.POST])
def test_silence_is_a_timeout(kind: Kind) -> None:
    assert ask_once(kind, "hang", timeout_s=0.3).cause is Cause.TIMEOUT


def test_silence_in_the_handshake_is_a_timeout(keys: Keys) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as mute,
        client(Kind.GET, mute.getsockname()[1], keys.ca, timeout_s=0.3) as one,
    ):
        assert one.ask().cause is Cause.TIMEOUT


def test_an_upload_that_is_reset_midway_is_a_reset() -> None:
    """The first write after a reset tells of it; what is read afterwards would look like an end."""

    def slam(listener: socket.socket) -> None:
        link, _ = listener.accept()
        link.recv(10)
        link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        link.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=slam, args=(listener,))
        server.start()
        with client(Kind.UPLOAD, listener.getsockname()[1]) as one:
            assert one.ask().cause is Cause.RESET
        server.join(10)


@pytest.mark.parametrize("secure", [False, True])
def test_a_closed_port_refuses(secure: bool, keys: Keys) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with client(Kind.GET, port, keys.ca if secure else None) as one:
        assert [one.ask().cause for _ in range(3)] == [Cause.REFUSED] * 3


def test_a_stranger_s_certificate_is_a_tls_loss(keys: Keys, tmp_path: Path) -> None:
    with on_stage(keys=keys) as stage:
        with client(Kind.GET, stage.port, make_keys(tmp_path).ca) as one:
            assert one.ask().cause is Cause.TLS
        with client(Kind.GET, stage.port, keys.ca, host="other.localhost") as one:
            assert one.ask().cause is Cause.TLS
        assert stage.requests == 0


def test_plain_text_where_tls_is_due_is_a_tls_loss(keys: Keys) -> None:
    def babble(listener: socket.socket) -> None:
        link, _ = listener.accept()
        with link:
            link.recv(65536)
            link.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            with contextlib.suppress(ConnectionError):
                link.recv(65536)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=babble, args=(listener,))
        server.start()
        with client(Kind.GET, listener.getsockname()[1], keys.ca) as one:
            assert one.ask().cause is Cause.TLS
        server.join(10)


@pytest.mark.parametrize(("way", "cause"), [("reset", Cause.RESET), ("eof", Cause.EOF)])
def test_a_handshake_can_be_cut(way: str, cause: Cause, keys: Keys) -> None:
    def cut(listener: socket.socket) -> None:
        link, _ = listener.accept()
        link.recv(65536)
        if way == "reset":
            link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        link.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=cut, args=(listener,))
        server.start()
        with client(Kind.GET, listener.getsockname()[1], keys.ca) as one:
            assert one.ask().cause is cause
        server.join(10)


def test_an_upload_that_is_refused_midway_is_told_by_its_status() -> None:
    """A server may answer before it has read everything; its word counts, not the cut that follows."""

    def impatient(listener: socket.socket) -> None:
        link, _ = listener.accept()
        with link:
            link.recv(10)
            link.sendall(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            while link.recv(65536):
                pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=impatient, args=(listener,))
        server.start()
        with client(Kind.UPLOAD, listener.getsockname()[1]) as one:
            record = one.ask()
        assert (record.status, record.cause) == (503, Cause.STATUS)
        server.join(10)


@pytest.mark.parametrize("secure", [False, True])
def test_a_kept_connection_is_used_again(secure: bool, keys: Keys) -> None:
    with (
        on_stage(keys=keys if secure else None) as stage,
        client(Kind.GET, stage.port, keys.ca if secure else None) as one,
    ):
        records = [one.ask() for _ in range(6)]
        assert [r.reused for r in records] == [False, True, True, True, True, True]
        assert {r.path for r in records} == {"/", "/chunked"}
        assert stage.connections == 1
        assert stage.hosts == {f"shop.localhost:{stage.port}"}


@pytest.mark.parametrize("way", ["plain", "close_after_answer", "notify_after_answer"])
def test_a_connection_closed_while_idle_is_no_loss(way: str, keys: Keys) -> None:
    sin = "close_after_answer" if way == "plain" else way
    with (
        on_stage(lambda asked: sin if asked.number == 1 else None, None if way == "plain" else keys) as stage,
        client(Kind.GET, stage.port, None if way == "plain" else keys.ca) as one,
    ):
        first = one.ask()
        assert stage.closed_idle.wait(20)
        second, third = one.ask(), one.ask()
        assert [r.cause for r in (first, second, third)] == [None] * 3
        assert [r.reused for r in (first, second, third)] == [False, False, True]
        assert (stage.requests, stage.connections) == (3, 2)


@pytest.mark.parametrize(("sin", "cause"), [("eof", Cause.EOF), ("reset", Cause.RESET)])
@pytest.mark.parametrize("secure", [False, True])
def test_a_reused_connection_closed_after_the_request_is_a_loss(
    sin: str, cause: Cause, secure: bool, keys: Keys
) -> None:
    def second_turn(asked: Asked) -> str | None:
        return sin if asked.turn == 2 else None

    with (
        on_stage(second_turn, keys if secure else None) as stage,
        client(Kind.POST, stage.port, keys.ca if secure else None) as one,
    ):
        records = [one.ask() for _ in range(4)]
        assert [(r.reused, r.cause) for r in records] == [(False, None), (True, cause)] * 2
        assert stage.requests == 4


def test_new_connections_resume_the_tls_session(keys: Keys) -> None:
    with on_stage(keys=keys) as stage, client(Kind.FRESH, stage.port, keys.ca, keep=False) as one:
        resumed = []
        real = one._open

        def watch(deadline: float) -> object:
            wire = real(deadline)
            resumed.append(wire.resumed)
            return wire

        one._open = watch  # type: ignore[assignment, method-assign]
        assert [one.ask().reused for _ in range(4)] == [False] * 4
        assert resumed == [False, True, True, True]
        assert stage.connections == 4


def test_trouble_of_this_machine_is_not_blamed_on_the_server() -> None:
    with pytest.raises(OSError, match="no free port"):
        cause_of(OSError(errno.EADDRNOTAVAIL, "no free port"))
    assert cause_of(OSError(errno.EHOSTUNREACH, "no route")) is Cause.REFUSED


def test_an_address_is_secure_by_a_file_of_roots_or_by_those_of_the_machine() -> None:
    assert not Address("shop", 80).secure
    assert Address("shop", 443, Path("ca.pem")).secure
    known = Address("shop", 443, known_roots=True)
    assert known.secure
    assert known.authority == "shop"
