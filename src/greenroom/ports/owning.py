"""The doors of what is owned: an environment's resources, and the parts of the platform."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from greenroom.ports.running import Values


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

    def unreachable(self, environment: str) -> Values:
        """The variables that must be set otherwise for the app not to reach it at all; empty where there are none."""

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
        """Let whoever does due work look again now; start them if they are gone."""
