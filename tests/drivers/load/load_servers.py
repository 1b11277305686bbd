"""A small real HTTP/1.1 server that loses requests on purpose and counts each of its sins."""

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
from dataclasses import dataclass

from tls_keys import Keys

SLOT = "0123456789ab-1"


@dataclass(frozen=True)
class Asked:
    """One request as the server saw it: the how-manieth of all, and of its connection (both from 1)."""

    number: int
    turn: int
    method: str
    path: str
    body: bytes


Sin = Callable[["Stage", socket.socket, Asked], bool]
"""Answers in its own way; tells whether the connection may live on."""


class Stage:
    """Serves on 127.0.0.1 until closed. ``sinner`` names the sin for a request, or None for an honest answer."""

    def __init__(
        self,
        sinner: Callable[[Asked], str | None] = lambda _: None,
        context: ssl.SSLContext | None = None,
        slot: str = SLOT,
    ) -> None:
        self.sinner, self.slot, self._context = sinner, slot, context
        self.requests = 0
        self.connections = 0
        self.sins: Counter[str] = Counter()
        self.hosts: set[str] = set()
        self.over = threading.Event()
        self.closed_idle = threading.Event()
        self._changed = threading.Condition()
        self._links: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self._spawn(self._accept)

    def wait_for(self, enough: Callable[[Stage], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: enough(self), 60)

    def close(self) -> None:
        self.over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for link in list(self._links):
            with contextlib.suppress(OSError):
                socket.socket.shutdown(link, socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join(10)

    def _spawn(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self.over.is_set():
            try:
                link, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._spawn(self._serve, link)

    def _serve(self, link: socket.socket) -> None:
        try:
            if self._context:
                link = self._context.wrap_socket(link, server_side=True)
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._links.add(link)
            self._talk(link)
        except OSError:
            pass
        finally:
            self._links.discard(link)
            link.close()

    def _talk(self, link: socket.socket) -> None:
        stream = link.makefile("rb")
        turn = 0
        with stream:
            while request := self._read(stream):
                turn += 1
                method, path, body = request
                with self._changed:
                    self.requests += 1
                    asked = Asked(self.requests, turn, method, path, body)
                    sin = self.sinner(asked)
                    if sin:
                        self.sins[sin] += 1
                    self._changed.notify_all()
                alive = SINS[sin](self, link, asked) if sin else honest(self, link, asked)
                if not alive:
                    stream.close()
                    link.close()
                    if sin in ("close_after_answer", "notify_after_answer"):
                        self.closed_idle.set()
                    return

    def _read(self, stream: object) -> tuple[str, str, bytes] | None:
        readline, read = stream.readline, stream.read  # type: ignore[attr-defined]
        first = readline().decode()
        if not first:
            return None
        headers: dict[str, str] = {}
        while (line := readline().decode().rstrip()) != "":
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        self.hosts.add(headers["host"])
        body = read(int(headers.get("content-length", "0")))
        if headers.get("transfer-encoding") == "chunked":
            while size := int(readline(), 16):
                body += read(size)
                readline()
            readline()
        method, path, _ = first.split()
        return method, path, body


def answer(link: socket.socket, body: bytes, status: str = "200 OK", *more: str) -> None:
    head = "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *more))
    link.sendall(head.encode() + b"\r\n" + body)


def honest(stage: Stage, link: socket.socket, asked: Asked) -> bool:
    signed = f"X-Release: {stage.slot}"
    if asked.method == "POST":
        answer(
            link, json.dumps({"sha256": hashlib.sha256(asked.body).hexdigest()}).encode(), "200 OK", signed
        )
    elif asked.path.startswith("/static"):
        answer(link, b"body {}")
    elif asked.path == "/stream":
        link.sendall(f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n{signed}\r\n\r\n".encode())
        for _ in range(5):
            link.sendall(b"5\r\nhello\r\n")
            stage.over.wait(0.01)
        link.sendall(b"0\r\n\r\n")
    elif asked.path == "/chunked":
        head = f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n{signed}\r\n\r\n"
        link.sendall(head.encode() + b"5\r\nhello\r\n")
        link.sendall(b"6;x=y\r\n world\r\n0\r\nTrailer: t\r\n\r\n")
    else:
        answer(link, b"page", "200 OK", signed)
    return True


def reset(stage: Stage, link: socket.socket, asked: Asked) -> bool:
    link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


def eof(stage: Stage, link: socket.socket, asked: Asked) -> bool:
    return False


def truncate(stage: Stage, link: socket.socket, asked: Asked) -> bool:
    link.sendall(f"HTTP/1.1 200 OK\r\nX-Release: {stage.slot}\r\nContent-Length: 100\r\n\r\nshort".encode())
    return False


def truncate_chunked(stage: Stage, link: socket.socket, asked: Asked) -> bool:
    link.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
    return False


def truncate_head(stage: Stage, link: socket.socket, asked: Asked) -> bool:
    link.sendall(b"HTTP/1.1 200 OK\r\nContent-Le")
    return False


def stream_cut(stage: Stage, link: socket.socket, asked: Asked) -> bool:
    """A stream that flows for a while and then ends without its end."""
    link.sendall(f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Release: {stage.slot}\r\n\r\n".encode())
    for _ in range(5):
        link.sendall(b"5\r\nhello\r\n")
        stage.over.wait(0.01)
    return False


def wrong_body(stage: Stage, link: socket.socket, asked: Asked) -> bool:
    answer(link, json.dumps({"sha256": hashlib.sha256(b"another").hexdigest()}).encode())
    return True


def nonsense(stage: Stage, link: socket.socket, asked: Asked) -> bool:
    link.sendall(b"SSH-2.0-OpenSSH\r\n\r\n")
    return False


def longer(stage: Stage, link: socket.socket, asked: Asked) -> bool:
    link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\npage")
    return True


def hang(stage: Stage, link: socket.socket, asked: Asked) -> bool:
    stage.over.wait()
    return False


def bad_gateway(stage: Stage, link: socket.socket, asked: Asked) -> bool:
    answer(link, b"", "502 Bad Gateway")
    return True


def app_error(stage: Stage, link: socket.socket, asked: Asked) -> bool:
    answer(link, b"oops", "500 Internal Server Error", f"X-Release: {stage.slot}")
    return True


def not_found(stage: Stage, link: socket.socket, asked: Asked) -> bool:
    answer(link, b"", "404 Not Found", f"X-Release: {stage.slot}")
    return True


def redirect(stage: Stage, link: socket.socket, asked: Asked) -> bool:
    answer(link, b"", "302 Found", f"X-Release: {stage.slot}", "Location: /login")
    return True


def interim(stage: Stage, link: socket.socket, asked: Asked) -> bool:
    link.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n")
    return honest(stage, link, asked)


def until_end(stage: Stage, link: socket.socket, asked: Asked) -> bool:
    link.sendall(f"HTTP/1.1 200 OK\r\nX-Release: {stage.slot}\r\n\r\nuntil the end".encode())
    return False


def close_after_answer(stage: Stage, link: socket.socket, asked: Asked) -> bool:
    """Keeps quiet about it: no ``Connection: close``."""
    honest(stage, link, asked)
    return False


def notify_after_answer(stage: Stage, link: socket.socket, asked: Asked) -> bool:
    """Says goodbye in TLS before it closes."""
    honest(stage, link, asked)
    assert isinstance(link, ssl.SSLSocket)
    link.settimeout(0)
    with contextlib.suppress(ssl.SSLError):
        link.unwrap()
    return False


SINS: dict[str, Sin] = {
    sin.__name__: sin
    for sin in (
        reset, eof, truncate, truncate_chunked, truncate_head, stream_cut, wrong_body, nonsense, longer, hang, bad_gateway,
        app_error, not_found, redirect, interim, until_end, close_after_answer, notify_after_answer,
    )
}  # fmt: skip


@contextlib.contextmanager
def on_stage(
    sinner: Callable[[Asked], str | None] = lambda _: None, keys: Keys | None = None
) -> Iterator[Stage]:
    stage = Stage(sinner, keys.context() if keys else None)
    try:
        yield stage
    finally:
        stage.close()
