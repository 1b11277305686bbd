"""The requests of each kind of client: endless, ready to be sent byte for byte."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass

from greenroom.domain.tally import Kind
from greenroom.drivers.load.mix import Mix

POST_BYTES = 20_000
UPLOAD_CHUNKS = 10
CHUNK_BYTES = 10_000


@dataclass(frozen=True, slots=True)
class Request:
    """One request: ``pieces`` are sent ``gap_s`` seconds apart; ``sha256`` (hex) is the echo to expect, if any."""

    path: str
    pieces: tuple[bytes, ...]
    gap_s: float = 0.0
    sha256: str | None = None


def asks(kind: Kind, mix: Mix, authority: str, start: int) -> Iterator[Request]:
    """Yield the requests of one client for ever; ``start`` spreads the clients of a kind over the paths.

    Raises ValueError when the mix has no path for the kind.
    """
    match kind:
        case Kind.GET | Kind.FRESH:
            return _gets(mix.paths, authority, start, close=kind is Kind.FRESH)
        case Kind.STATIC if mix.static_paths:
            return _gets(mix.static_paths, authority, start)
        case Kind.SLOW if mix.slow_path:
            joint = "&" if "?" in mix.slow_path else "?"
            return _gets((f"{mix.slow_path}{joint}s={mix.slow_s:g}",), authority, start)
        case Kind.POST if mix.echo_path:
            return _posts(mix.echo_path, authority, close=start % 2 == 1)
        case Kind.UPLOAD if mix.echo_path:
            return _uploads(mix.echo_path, authority, mix.upload_s)
    raise ValueError(f"the mix has no path for {kind}")


def _gets(paths: tuple[str, ...], authority: str, start: int, close: bool = False) -> Iterator[Request]:
    ready = [Request(path, (_head("GET", path, authority, close=close),)) for path in paths]
    while True:
        yield ready[start % len(ready)]
        start += 1


def _posts(path: str, authority: str, close: bool) -> Iterator[Request]:
    head = _head("POST", path, authority, f"Content-Length: {POST_BYTES}\r\n", close)
    while True:
        body = os.urandom(POST_BYTES)
        yield Request(path, (head + body,), sha256=hashlib.sha256(body).hexdigest())


def _uploads(path: str, authority: str, lasts_s: float) -> Iterator[Request]:
    head = _head("POST", path, authority, "Transfer-Encoding: chunked\r\n")
    while True:
        chunks = [os.urandom(CHUNK_BYTES) for _ in range(UPLOAD_CHUNKS)]
        framed = [b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks]
        digest = hashlib.sha256(b"".join(chunks)).hexdigest()
        yield Request(path, (head, *framed, b"0\r\n\r\n"), lasts_s / UPLOAD_CHUNKS, digest)


def _head(method: str, path: str, authority: str, more: str = "", close: bool = False) -> bytes:
    more += "Content-Type: application/octet-stream\r\n" if method == "POST" else ""
    more += "Connection: close\r\n" if close else ""
    return (
        f"{method} {path} HTTP/1.1\r\nHost: {authority}\r\n"
        f"User-Agent: greenroom-prove\r\nAccept: */*\r\n{more}\r\n"
    ).encode("ascii")
