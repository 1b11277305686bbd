"""The doors that services need: small protocols that speak domain nouns only.

No pod, pid, port or path goes through them. Every verb is idempotent and blocks until its effect is there.
A door that fails raises :class:`greenroom.domain.errors.GreenroomError`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from greenroom.domain.release import Release
from greenroom.domain.secret import Secret
from greenroom.domain.stage import Mode, Slot
from greenroom.domain.tally import Phase, Record, Tally
from greenroom.domain.verdict import Measure

Values = Mapping[str, Secret]
"""Environment variables for the app's processes."""


@dataclass(frozen=True, slots=True)
class StageSeen:
    """What a stage holds: its slots, whose web processes run, whose workers run, the next slot number."""

    slots: tuple[Slot, ...] = ()
    up: frozenset[str] = frozenset()
    working: frozenset[str] = frozenset()
    next_number: int = 1


@dataclass(frozen=True, slots=True)
class TrafficSeen:
    """What the public reaches. ``window``: the mode belongs to a release's window."""

    live: str | None = None
    mode: Mode = Mode.OPEN
    window: bool = False


@dataclass(frozen=True, slots=True)
class Probed:
    """A slot that is ready: how many worker processes answered, and whether sessions carry over (None: unknown)."""

    workers: int
    sessions: bool | None = None


@dataclass(frozen=True, slots=True)
class Switched:
    """Milliseconds: ``switch_ms`` for the change itself, ``commit_ms`` with everything made durable."""

    switch_ms: float
    commit_ms: float


@dataclass(frozen=True, slots=True)
class Drained:
    """``cut``: requests still in flight when the time was over; None: this target cannot know."""

    cut: int | None
    seconds: float


class Stage(Protocol):
    """Where slots live."""

    def observe(self, environment: str) -> StageSeen:
        """What is there now."""

    def stage(self, environment: str, release: Release) -> None:
        """Put the release's files where slots and the edge find them."""

    def launch(self, environment: str, release: Release, slot: str, config: str, values: Values) -> Slot:
        """Start the web processes of a slot; they may not answer yet."""

    def probe(self, environment: str, slot: str, against: str | None) -> Probed:
        """Wait until the slot is ready. Raises with what was probed, the answer and the last log lines."""

    def healthy(self, environment: str, slot: str) -> bool:
        """Does the slot answer its probe right now?"""

    def amend(self, environment: str, slot: str, **deadlines: float | str | None) -> None:
        """Set ``warm_until``, ``watch_until``, ``switched_at`` or ``previous`` on the slot, durably."""

    def workers(self, environment: str, slot: str | None) -> None:
        """Run workers and cron roles from this slot alone; work in hand is finished first."""

    def retire(self, environment: str, slot: str) -> None:
        """Stop the slot's processes and remove its runtime files."""

    def keep_assets(self, environment: str, releases: Sequence[Release]) -> None:
        """Let go of public static files and logs that belong to none of these releases and no slot."""


class Traffic(Protocol):
    """What the public reaches."""

    def observe(self, environment: str) -> TrafficSeen:
        """The live slot and the mode."""

    def switch(self, environment: str, slot: str) -> Switched:
        """Let the public reach the slot, from one request to the next."""

    def confirm(self, environment: str, slot: str) -> float:
        """Ask through the edge until the slot answers; the milliseconds that took. Raises when it does not."""

    def measure(self, environment: str, slot: str, since: float, until: float) -> Measure:
        """What the edge recorded of that slot between two moments (seconds since the epoch)."""

    def drain(self, environment: str, slot: str, timeout: float) -> Drained:
        """Wait until no request is in flight on the slot, at most ``timeout`` seconds."""

    def mode(self, environment: str, mode: Mode, window: bool) -> None:
        """Open, hold or close the public side."""

    def forget(self, environment: str) -> None:
        """Let nothing of the environment be reachable any more."""


@dataclass(frozen=True, slots=True)
class Done:
    """How a job ended: its exit code, its last lines, and whether it was found running and attached to."""

    exit: int
    tail: tuple[str, ...] = ()
    attached: bool = False


Say = Callable[[str], None]
"""Takes a line of output."""


class Jobs(Protocol):
    """Commands that run beside the slots and outlive the command that asked for them."""

    def migrate(self, environment: str, release: Release, values: Values) -> Done:
        """Bring the schema to the release's heads, once, whoever else asks for it."""

    def run(
        self, environment: str, release: Release, argv: Sequence[str], values: Values, name: str, say: Say
    ) -> Done:
        """Run a command in the release, started or attached to by name; its output goes to ``say``."""

    def foreground(self, environment: str, release: Release, argv: Sequence[str], values: Values) -> int:
        """Run a command with this terminal as its own; its exit code. It ends with the terminal."""


class Schema(Protocol):
    """The database's own word on its revision."""

    def heads(self, environment: str) -> frozenset[str] | None:
        """Revisions applied; None when the database cannot be read."""


@dataclass(frozen=True, slots=True)
class LogQuery:
    """``unit``: a role or part (None: the web role of the live slot). ``lines`` from the end, then ``follow``."""

    unit: str | None = None
    slot: str | None = None
    lines: int = 100
    follow: bool = False


class Logs(Protocol):
    """What the parts wrote."""

    def units(self, environment: str) -> list[str]:
        """Everything that has written a log."""

    def read(self, environment: str, query: LogQuery) -> Iterator[str]:
        """Lines, oldest first."""


@dataclass(frozen=True, slots=True)
class Presence:
    """Is the resource there? ``detail`` is one line for people."""

    there: bool
    detail: str = ""


class Resource(Protocol):
    """One thing that an environment owns: a database, a bucket, a host name."""

    @property
    def name(self) -> str:
        """What it is, in one word."""

    def observe(self, environment: str) -> Presence:
        """Is it there?"""

    def ensure(self, environment: str) -> None:
        """Make it be there."""

    def values(self, environment: str) -> Values:
        """The environment variables through which the app reaches it."""

    def remove(self, environment: str) -> None:
        """Remove it with everything in it."""

    def residue(self, environment: str) -> tuple[str, ...]:
        """What is left of it, searched for anew; empty when nothing is."""


@dataclass(frozen=True, slots=True)
class Part:
    """One process group of the platform, for ``status``. ``since`` in seconds since the epoch."""

    name: str
    state: str
    since: float | None = None
    restarts: int = 0
    detail: str = ""


class Platform(Protocol):
    """What the target itself consists of: supervisor, database server, object store, edge."""

    def start(self) -> None:
        """Start what is not running, and bring it to this version of Greenroom."""

    def stop(self) -> None:
        """Stop everything, in order; all data stays."""

    def parts(self) -> tuple[Part, ...]:
        """What runs."""

    def wake(self) -> None:
        """Let whoever does due work look again now."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of history. ``at`` in seconds since the epoch; ``hash`` covers everything before it."""

    seq: int
    at: float
    environment: str
    kind: str
    data: Mapping[str, Any]
    hash: str


class Ledger(Protocol):
    """Append-only, hash-chained history."""

    def append(self, environment: str, kind: str, **data: Any) -> Entry:
        """Write one entry, durably."""

    def entries(
        self, environment: str | None = None, kind: str | None = None, last: int | None = None
    ) -> tuple[Entry, ...]:
        """Entries, oldest first."""

    def verify(self) -> int:
        """Check the whole chain; the number of entries. Raises naming the first one that does not fit."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the lease, since when (seconds since the epoch)."""

    what: str
    who: str
    since: float


class Lease(Protocol):
    """One actor at a time; freed by the death of its holder."""

    def hold(self, what: str, wait: float) -> AbstractContextManager[None]:
        """Hold it, waiting at most ``wait`` seconds. Raises with exit 6 naming the holder."""

    def holder(self) -> Holder | None:
        """Who holds it now."""

    def free(self) -> Holder | None:
        """End the holder, if there is one, and say who it was."""


class Builder(Protocol):
    """Makes releases and keeps them."""

    def build(self, ref: str = "HEAD", dirty: bool = False) -> Release:
        """The release of that commit, built or found."""

    def releases(self) -> tuple[Release, ...]:
        """Every build on disk, oldest first."""

    def get(self, id: str) -> Release:
        """The build with that id or unique prefix."""

    def remove(self, id: str) -> None:
        """Remove a build."""

    def collect(self, keep: set[str]) -> object:
        """Remove environments that none of the kept releases uses."""


class Load(Protocol):
    """Real requests through the edge, each recorded."""

    def start(self) -> None:
        """Begin."""

    def stop(self, timeout: float | None = None, phases: Sequence[Phase] = ()) -> Tally:
        """Ask nothing new, wait for what is in flight, and count."""

    def snapshot(self) -> Tally:
        """What was seen so far."""

    def now(self) -> float:
        """This moment in the seconds of the records."""

    @property
    def records(self) -> tuple[Record, ...]:
        """Every request that has ended."""


class Clock(Protocol):
    """Time."""

    def now(self) -> float:
        """Seconds since the epoch."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


@dataclass(frozen=True, slots=True)
class Doors:
    """The doors of one target, as the loop that performs a plan uses them."""

    stage: Stage
    traffic: Traffic
    jobs: Jobs
    schema: Schema
    ledger: Ledger
    clock: Clock
    builder: Builder
    resources: tuple[Resource, ...] = field(default=())
