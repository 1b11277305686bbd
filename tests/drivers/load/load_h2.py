"""A small real HTTP/2 server that loses requests on purpose. Built on h2's server side; one thread a connection."""

from __future__ import annotations

import contextlib
import hashlib
import json
import socket
import ssl
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, RequestReceived, StreamEnded, StreamReset
from load_servers import SLOT

from tls_keys import Keys

PREFACE_BYTES = 24


@dataclass
class Asked:
    """One request: the how-manieth of all, and of its connection (both from 1)."""

    number: int
    turn: int
    stream: int
    method: str
    path: str
    body: bytearray = field(default_factory=bytearray)


class Connection:
    """What a sin may do to one connection."""

    def __init__(self, link: ssl.SSLSocket) -> None:
        self.link = link
        self.h2 = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self.h2.initiate_connection()
        self.last: int | None = None
        self.open = True

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self.link.sendall(self.h2.data_to_send())

    def answer(
        self, asked: Asked, status: str = "200", slot: str | None = SLOT, body: bytes = b"page"
    ) -> None:
        if asked.method == "POST" and status == "200":
            body = json.dumps({"sha256": hashlib.sha256(asked.body).hexdigest()}).encode()
        self.head(asked, status, slot, len(body))
        self.h2.send_data(asked.stream, body, end_stream=True)
        self.flush()

    def head(self, asked: Asked, status: str = "200", slot: str | None = SLOT, length: int = 4) -> None:
        signed = [("x-release", slot)] if slot else []
        self.h2.send_headers(asked.stream, [(":status", status), ("content-length", str(length)), *signed])
        self.flush()

    def end(self, reset: bool = False) -> None:
        """Close, or reset, the TCP connection. A close that leaves bytes unread would be a reset."""
        if reset:
            self.link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            socket.socket.shutdown(self.link, socket.SHUT_WR)
            while socket.socket.recv(self.link, 65536):
                pass
        self.open = False
        self.link.close()


def honest(c: Connection, asked: Asked) -> None:
    c.answer(asked, slot=None if asked.path.startswith("/static") else SLOT)


def rst(c: Connection, asked: Asked) -> None:
    c.h2.reset_stream(asked.stream, ErrorCodes.INTERNAL_ERROR)


def rst_after_head(c: Connection, asked: Asked) -> None:
    c.head(asked)
    c.h2.reset_stream(asked.stream, ErrorCodes.INTERNAL_ERROR)


def refuse(c: Connection, asked: Asked) -> None:
    c.h2.reset_stream(asked.stream, ErrorCodes.REFUSED_STREAM)


def goaway_unseen(c: Connection, asked: Asked) -> None:
    """The stream is above the last one that was processed."""
    c.last = asked.stream - 2
    c.link.sendall(goaway(c.last))


def goaway_then_answer(c: Connection, asked: Asked) -> None:
    """A polite end: what was asked is answered."""
    c.link.sendall(goaway(asked.stream))
    honest(c, asked)


def goaway_then_end(c: Connection, asked: Asked) -> None:
    """It was seen, and never answered."""
    c.link.sendall(goaway(asked.stream))
    c.end()


def goaway(last: int) -> bytes:
    """As bytes: h2 itself would send nothing more after it."""
    return b"\x00\x00\x08\x07\x00\x00\x00\x00\x00" + struct.pack(">II", last, 0)


def end(c: Connection, asked: Asked) -> None:
    c.end()


def end_by_reset(c: Connection, asked: Asked) -> None:
    c.end(reset=True)


def no_end_stream(c: Connection, asked: Asked) -> None:
    """All of the body, but not its end."""
    c.head(asked)
    c.h2.send_data(asked.stream, b"page")
    c.flush()
    c.end()


def too_short(c: Connection, asked: Asked) -> None:
    c.head(asked, length=100)
    c.link.sendall(b"\x00\x00\x04\x00\x01" + struct.pack(">I", asked.stream) + b"page")


def nonsense(c: Connection, asked: Asked) -> None:
    c.link.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def hang(c: Connection, asked: Asked) -> None:
    pass


def bad_gateway(c: Connection, asked: Asked) -> None:
    c.answer(asked, "502", None, b"")


def app_error(c: Connection, asked: Asked) -> None:
    c.answer(asked, "500", SLOT, b"oops")


def wrong_body(c: Connection, asked: Asked) -> None:
    asked.body += b"more"
    c.answer(asked)


SINS: dict[str, Callable[[Connection, Asked], None]] = {
    sin.__name__: sin
    for sin in (
        rst, rst_after_head, refuse, goaway_unseen, goaway_then_answer, goaway_then_end, end, end_by_reset,
        no_end_stream, too_short, nonsense, hang, bad_gateway, app_error, wrong_body,
    )
}  # fmt: skip


class H2Stage:
    """Serves HTTP/2 on 127.0.0.1 until closed; ``protocols`` are what it agrees to speak."""

    def __init__(
        self, keys: Keys, sinner: Callable[[Asked], str | None], protocols: tuple[str, ...] = ("h2",)
    ) -> None:
        self.sinner = sinner
        self._context = keys.context()
        self._context.set_alpn_protocols(list(protocols))
        self.requests = self.connections = 0
        self.sins: Counter[str] = Counter()
        self._over = False
        self._changed = threading.Condition()
        self._links: list[ssl.SSLSocket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self._spawn(self._accept)

    def wait_for(self, enough: Callable[[H2Stage], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: enough(self), 60)

    def close(self) -> None:
        self._over = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for link in self._links:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(link, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)

    def _spawn(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._over:
            try:
                plain, _ = self._listener.accept()
                link = self._context.wrap_socket(plain, server_side=True)
            except OSError:
                continue
            self.connections += 1
            self._links.append(link)
            self._spawn(self._serve, link)

    def _serve(self, link: ssl.SSLSocket) -> None:
        connection = Connection(link)
        connection.flush()
        with contextlib.suppress(OSError), link:
            turn = 0
            asked: dict[int, Asked] = {}
            while connection.open and (data := link.recv(65536)):
                for event in connection.h2.receive_data(data):
                    if isinstance(event, RequestReceived):
                        turn += 1
                        headers: dict[Any, Any] = dict(event.headers or ())
                        asked[event.stream_id] = Asked(
                            0, turn, event.stream_id, str(headers[":method"]), str(headers[":path"])
                        )
                    elif isinstance(event, DataReceived) and event.stream_id in asked:
                        asked[event.stream_id].body += event.data
                        connection.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                    elif isinstance(event, StreamReset):
                        asked.pop(event.stream_id, None)
                    elif isinstance(event, StreamEnded) and event.stream_id in asked and connection.open:
                        self._play(connection, asked.pop(event.stream_id))
                if connection.open:
                    connection.flush()

    def _play(self, connection: Connection, asked: Asked) -> None:
        if connection.last is not None and asked.stream > connection.last:
            return
        with self._changed:
            self.requests += 1
            asked.number = self.requests
            sin = self.sinner(asked)
            if sin:
                self.sins[sin] += 1
            self._changed.notify_all()
        (SINS[sin] if sin else honest)(connection, asked)


@contextlib.contextmanager
def on_h2_stage(
    keys: Keys, sinner: Callable[[Asked], str | None] = lambda _: None, protocols: tuple[str, ...] = ("h2",)
) -> Iterator[H2Stage]:
    stage = H2Stage(keys, sinner, protocols)
    try:
        yield stage
    finally:
        stage.close()
