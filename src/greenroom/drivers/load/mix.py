"""What to ask, whom, and how many clients of each kind: data only."""

from __future__ import annotations

from dataclasses import astuple, dataclass, field
from pathlib import Path

from greenroom.domain.tally import Kind


@dataclass(frozen=True)
class Address:
    """Where the edge listens.

    ``host`` is the public name (SNI and Host header), ``port`` a TCP port of ``ip``: names under ``.localhost``
    do not resolve everywhere. ``ca_file`` is a PEM file of the roots to trust; None means HTTP without TLS, unless
    ``known_roots`` says that the machine's own roots are enough. ``shown``: headers that every request has on top, such as
    those that pass the door of what is private.
    """

    host: str
    port: int
    ca_file: Path | None = None
    ip: str = "127.0.0.1"
    shown: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    known_roots: bool = False

    @property
    def secure(self) -> bool:
        """Is it asked over TLS?"""
        return self.known_roots or self.ca_file is not None

    @property
    def authority(self) -> str:
        """The Host header: the port is named unless it is the scheme's own."""
        usual = 443 if self.secure else 80
        return self.host if self.port == usual else f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Clients:
    """How many clients of each kind run side by side; each has at most one request in flight.

    ``h2`` counts HTTP/2 connections instead, with several requests at once on each.
    """

    get: int = 4
    fresh: int = 2
    post: int = 2
    slow: int = 2
    upload: int = 1
    static: int = 1
    stream: int = 0
    drip: int = 0
    long: int = 0
    h2: int = 0


EVERY = Clients(get=4, fresh=2, post=2, slow=2, upload=1, static=2, stream=1, drip=1, long=2, h2=1)
"""Every way to ask: the crew of ``greenroom prove``."""


@dataclass(frozen=True)
class Mix:
    """The pages to ask for. Paths begin with ``/``.

    ``slow_path?s=<slow_s>`` must answer after that many seconds; ``echo_path`` must answer a POST with the JSON
    document ``{"sha256": <hex of the body>}``; ``stream_path`` should send its answer in pieces. A ``long`` client
    asks for ``long_s`` seconds and then rests ``rest_s``, so that not every drain has to wait for it; without a slow
    page it uploads that long. Raises ValueError for a mix that cannot be asked.
    """

    paths: tuple[str, ...] = ("/",)
    slow_path: str | None = None
    echo_path: str | None = None
    static_paths: tuple[str, ...] = ()
    clients: Clients = field(default_factory=Clients)
    slow_s: float = 2.0
    upload_s: float = 1.0
    stream_path: str | None = None
    drip_s: float = 3.0
    long_s: float = 30.0
    rest_s: float = 150.0

    def __post_init__(self) -> None:
        if not self.paths:
            raise ValueError("a load needs at least one path")
        some = (self.slow_path, self.echo_path, self.stream_path)
        asked = (*self.paths, *self.static_paths, *(path for path in some if path is not None))
        for path in asked:
            if not path.startswith("/") or any(c <= " " or c > "~" for c in path):
                raise ValueError(f"not a path to ask for: {path!r}")
        if min(astuple(self.clients)) < 0 or not sum(count for _, count in self.crew()):
            raise ValueError("a load needs at least one client")

    def crew(self) -> tuple[tuple[Kind, int], ...]:
        """The clients that can really run: without a slow page slow uploads stand in for it."""
        c, echo = self.clients, self.echo_path is not None
        stand_ins = 0 if self.slow_path else c.slow
        wanted = (
            (Kind.GET, c.get),
            (Kind.FRESH, c.fresh),
            (Kind.POST, c.post * echo),
            (Kind.SLOW, c.slow - stand_ins),
            (Kind.UPLOAD, (c.upload + stand_ins) * echo),
            (Kind.STATIC, c.static * bool(self.static_paths)),
            (Kind.STREAM, c.stream * bool(self.stream_path)),
            (Kind.DRIP, c.drip * echo),
            (Kind.LONG, c.long * bool(self.slow_path or echo)),
            (Kind.H2, c.h2),
        )
        return tuple((kind, count) for kind, count in wanted if count)

    def notes(self) -> tuple[str, ...]:
        """What is not tried or is replaced, in words for the report."""
        c, notes = self.clients, []
        if not self.echo_path and c.post + c.upload:
            notes.append("no echo path: POST and slow uploads are not tried")
        if not self.slow_path and c.slow:
            stands_in = "slow uploads stand in" if self.echo_path else "no request is slow on purpose"
            notes.append(f"no slow page: {stands_in}")
        if c.long and not (self.slow_path or self.echo_path):
            notes.append(f"no slow page, no echo path: no request of {self.long_s:g} s is tried")
        if not self.stream_path and c.stream:
            notes.append("no streamed page: streamed answers are not tried")
        if not self.static_paths and c.static:
            notes.append("no static path: static files are not tried")
        return tuple(notes)
