"""The requests of each kind of client: endless, ready to be sent byte for byte."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass

from greenroom.domain.tally import Kind
from greenroom.drivers.load.mix import Address, Mix

POST_BYTES = 20_000
UPLOAD_CHUNKS = 10
CHUNK_BYTES = 10_000
DRIPS = 20
DRIP_BYTES = 1_000


@dataclass(frozen=True, slots=True)
class Request:
    """One request: ``pieces`` are sent ``gap_s`` seconds apart; ``sha256`` (hex) is the echo to expect, if any."""

    path: str
    pieces: tuple[bytes, ...]
    gap_s: float = 0.0
    sha256: str | None = None


def asks(kind: Kind, mix: Mix, address: Address, start: int) -> Iterator[Request]:
    """Yield the requests of one client for ever; ``start`` spreads the clients of a kind over the paths.

    Raises ValueError when the mix has no path for the kind.
    """
    if paths := _pages(kind, mix):
        return _gets(paths, address, start, close=kind is Kind.FRESH)
    if mix.echo_path is not None:
        match kind:
            case Kind.POST:
                return _posts(mix.echo_path, address, close=start % 2 == 1)
            case Kind.UPLOAD:
                return _uploads(mix.echo_path, address, mix.upload_s)
            case Kind.DRIP | Kind.LONG:
                return _drips(mix.echo_path, address, mix.drip_s if kind is Kind.DRIP else mix.long_s)
    raise ValueError(f"the mix has no path for {kind}")


def _pages(kind: Kind, mix: Mix) -> tuple[str, ...]:
    """What a kind that only reads asks for in turn; nothing for the others, or where the app has no such page."""
    match kind:
        case Kind.GET | Kind.FRESH:
            return mix.paths
        case Kind.STATIC:
            return mix.static_paths
        case Kind.STREAM if mix.stream_path:
            return (mix.stream_path,)
        case Kind.SLOW | Kind.LONG if mix.slow_path:
            return (lasting(mix.slow_path, mix.slow_s if kind is Kind.SLOW else mix.long_s),)
    return ()


def lasting(path: str, seconds: float) -> str:
    """The slow page's path, asked to take so many seconds: ``s`` in its query is replaced or added."""
    bare, _, query = path.partition("?")
    kept = [part for part in query.split("&") if part and not part.startswith("s=")]
    return f"{bare}?{'&'.join([*kept, f's={seconds:g}'])}"


@dataclass(frozen=True, slots=True)
class Ask:
    """One HTTP/2 request: ``sha256`` (hex) is the echo to expect, if any."""

    kind: Kind
    path: str
    body: bytes = b""
    sha256: str | None = None


def h2_lanes(mix: Mix) -> tuple[Iterator[Ask], ...]:
    """The requests that one HTTP/2 connection carries side by side: one endless lane for each at a time."""
    lanes = [_h2_gets(mix.paths, 0), _h2_gets((*mix.static_paths, *mix.paths), 0)]
    if mix.echo_path:
        lanes.append(_h2_posts(mix.echo_path))
    if mix.slow_path:
        lanes.append(_h2_gets((lasting(mix.slow_path, mix.slow_s),), 0, Kind.H2_SLOW))
    if mix.stream_path:
        lanes.append(_h2_gets((mix.stream_path,), 0, Kind.H2_SLOW))
    return tuple(lanes)


def _h2_gets(paths: tuple[str, ...], start: int, kind: Kind = Kind.H2) -> Iterator[Ask]:
    while True:
        yield Ask(kind, paths[start % len(paths)])
        start += 1


def _h2_posts(path: str) -> Iterator[Ask]:
    while True:
        body = os.urandom(POST_BYTES)
        yield Ask(Kind.H2, path, body, hashlib.sha256(body).hexdigest())


def _gets(paths: tuple[str, ...], address: Address, start: int, close: bool = False) -> Iterator[Request]:
    ready = [Request(path, (_head("GET", path, address, close=close),)) for path in paths]
    while True:
        yield ready[start % len(ready)]
        start += 1


def _posts(path: str, address: Address, close: bool) -> Iterator[Request]:
    head = _head("POST", path, address, f"Content-Length: {POST_BYTES}\r\n", close)
    while True:
        body = os.urandom(POST_BYTES)
        yield Request(path, (head + body,), sha256=hashlib.sha256(body).hexdigest())


def _uploads(path: str, address: Address, lasts_s: float) -> Iterator[Request]:
    head = _head("POST", path, address, "Transfer-Encoding: chunked\r\n")
    while True:
        chunks = [os.urandom(CHUNK_BYTES) for _ in range(UPLOAD_CHUNKS)]
        framed = [b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks]
        digest = hashlib.sha256(b"".join(chunks)).hexdigest()
        yield Request(path, (head, *framed, b"0\r\n\r\n"), lasts_s / UPLOAD_CHUNKS, digest)


def _drips(path: str, address: Address, lasts_s: float) -> Iterator[Request]:
    """The length is announced, the body comes slowly: what a phone with a bad connection does."""
    head = _head("POST", path, address, f"Content-Length: {DRIPS * DRIP_BYTES}\r\n")
    while True:
        drips = [os.urandom(DRIP_BYTES) for _ in range(DRIPS)]
        yield Request(path, (head, *drips), lasts_s / DRIPS, hashlib.sha256(b"".join(drips)).hexdigest())


def _head(method: str, path: str, address: Address, more: str = "", close: bool = False) -> bytes:
    more += "Content-Type: application/octet-stream\r\n" if method == "POST" else ""
    more += "Connection: close\r\n" if close else ""
    more += "".join(f"{name}: {value}\r\n" for name, value in address.shown)
    return (
        f"{method} {path} HTTP/1.1\r\nHost: {address.authority}\r\n"
        f"User-Agent: greenroom-prove\r\nAccept: */*\r\n{more}\r\n"
    ).encode("ascii")
