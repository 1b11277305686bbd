"""The doors of what is kept and counted: history, the lease, builds, a load."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from greenroom.domain.provenance import Provenance
from greenroom.domain.release import Release
from greenroom.domain.tally import Phase, Record, Tally


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

    def check(self) -> None:
        """Called by its holder before what cannot be undone. Raises ``lease-lost`` (exit 6) when another has taken it."""

    def forget(self) -> None:
        """Leave no trace of it; called by its holder as the last but one act, since from now on another may take it.

        What still stands (a record that says that the environment goes) must keep that other one from doing harm.
        """

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

    def provenance(self, id: str, deep: bool = True) -> Provenance:
        """Where the build on disk comes from, and what its files are now, read anew; ``deep``: its Python environment
        as well, which takes longer."""

    def remove(self, id: str) -> None:
        """Remove a build."""

    def collect(self) -> object:
        """Remove the Python environments that no build uses."""


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

    def since(self, moment_s: float) -> tuple[Record, ...]:
        """Every request that has ended since that moment, in the seconds of the records."""

    @property
    def records(self) -> tuple[Record, ...]:
        """Every request that has ended."""
