"""The doors of what runs: slots, traffic, jobs, the schema, logs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from greenroom.domain.release import Release
from greenroom.domain.secret import Secret
from greenroom.domain.stage import Mode, Slot
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
    """What the public reaches. ``window``: the mode belongs to a release's window. ``asleep``: it dozes."""

    live: str | None = None
    mode: Mode = Mode.OPEN
    window: bool = False
    asleep: bool = False


@dataclass(frozen=True, slots=True)
class Probed:
    """A slot that is ready: how many worker processes answered."""

    workers: int


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

    def in_use(self) -> frozenset[str]:
        """Releases that a slot of any environment runs."""

    def stage(self, environment: str, release: Release) -> None:
        """Put the release's files where slots and the edge find them."""

    def launch(self, environment: str, release: Release, slot: str, config: str, values: Values) -> Slot:
        """Start the web processes of a slot; they may not answer yet."""

    def probe(self, environment: str, slot: str) -> Probed:
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

    @property
    def woken_by_requests(self) -> bool:
        """Does whoever comes wake what dozes? Else they are told that nobody is there, and a command wakes it."""

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

    def doze(self, environment: str) -> None:
        """Nobody is reached any more. Where requests wake, they are held, and whoever comes is noted: see ``called``."""

    def called(self, environment: str) -> bool:
        """Did somebody ask for it since it dozes?"""

    def open_again(self, environment: str) -> None:
        """End the dozing of an environment whose live slot is still there. A switch ends it as well."""

    def last_request(self, environment: str) -> float | None:
        """When it answered last, in seconds since the epoch; None: nothing is on record."""

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


MIGRATION_LIMITS = (
    "-c lock_timeout=500ms -c statement_timeout=300s -c idle_in_transaction_session_timeout=60s"
    " -c application_name=greenroom-migration"
)
"""libpq hands these to any env.py. lock_timeout stays below deadlock_timeout (1 s): a migration that waits longer
would make requests the victims of the deadlock detector."""


class Jobs(Protocol):
    """Commands that run beside the slots and outlive the command that asked for them."""

    def migrate(self, environment: str, release: Release, values: Values) -> Done:
        """Bring the schema to the release's heads, once, whoever else asks for it."""

    def migrating(self, environment: str) -> bool:
        """Does a migration run now, whoever asked for it?"""

    def withdraw(self, environment: str) -> None:
        """Let a migration that was asked for and has not begun never begin."""

    def run(
        self, environment: str, release: Release, argv: Sequence[str], values: Values, name: str, say: Say
    ) -> Done:
        """Run a command in the release, started or attached to by name; its output goes to ``say``."""

    def foreground(self, environment: str, release: Release, argv: Sequence[str], values: Values) -> int:
        """Run a command with this terminal as its own; its exit code. It ends with the terminal."""


class Schema(Protocol):
    """The database's own word on its revision."""

    def heads(self, environment: str, start: bool = True) -> frozenset[str] | None:
        """Revisions applied; None when the database cannot be read. Without ``start`` nothing is started to read it."""


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
