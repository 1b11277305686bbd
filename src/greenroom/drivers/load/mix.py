"""What to ask, whom, and how many clients of each kind: data only."""

from __future__ import annotations

from dataclasses import astuple, dataclass, field
from pathlib import Path

from greenroom.domain.tally import Kind


@dataclass(frozen=True)
class Address:
    """Where the edge listens.

    ``host`` is the public name (SNI and Host header), ``port`` a TCP port of ``ip``: names under ``.localhost``
    do not resolve everywhere. ``ca_file`` is a PEM file of the roots to trust; None means HTTP without TLS.
    """

    host: str
    port: int
    ca_file: Path | None = None
    ip: str = "127.0.0.1"

    @property
    def authority(self) -> str:
        """The Host header: the port is named unless it is the scheme's own."""
        usual = 80 if self.ca_file is None else 443
        return self.host if self.port == usual else f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Clients:
    """How many clients of each kind run side by side; each has at most one request in flight."""

    get: int = 4
    fresh: int = 2
    post: int = 2
    slow: int = 2
    upload: int = 1
    static: int = 1


@dataclass(frozen=True)
class Mix:
    """The pages to ask for. Paths begin with ``/``.

    ``slow_path?s=<slow_s>`` must answer after that many seconds; ``echo_path`` must answer a POST with the JSON
    document ``{"sha256": <hex of the body>}``. Raises ValueError for a mix that cannot be asked.
    """

    paths: tuple[str, ...] = ("/",)
    slow_path: str | None = None
    echo_path: str | None = None
    static_paths: tuple[str, ...] = ()
    clients: Clients = field(default_factory=Clients)
    slow_s: float = 2.0
    upload_s: float = 1.0

    def __post_init__(self) -> None:
        if not self.paths:
            raise ValueError("a load needs at least one path")
        asked = (*self.paths, *self.static_paths, self.slow_path or "/", self.echo_path or "/")
        for path in asked:
            if not path.startswith("/") or any(c <= " " or c > "~" for c in path):
                raise ValueError(f"not a path to ask for: {path!r}")
        if min(astuple(self.clients)) < 0 or not sum(count for _, count in self.crew()):
            raise ValueError("a load needs at least one client")

    def crew(self) -> tuple[tuple[Kind, int], ...]:
        """The clients that can really run: without a slow page slow uploads stand in for it."""
        c = self.clients
        stand_ins = 0 if self.slow_path else c.slow
        wanted = (
            (Kind.GET, c.get),
            (Kind.FRESH, c.fresh),
            (Kind.POST, c.post if self.echo_path else 0),
            (Kind.SLOW, c.slow if self.slow_path else 0),
            (Kind.UPLOAD, c.upload + stand_ins if self.echo_path else 0),
            (Kind.STATIC, c.static if self.static_paths else 0),
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
        if not self.static_paths and c.static:
            notes.append("no static path: static files are not tried")
        return tuple(notes)
