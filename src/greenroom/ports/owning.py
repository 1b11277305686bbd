"""The doors of what is owned: an environment's resources, and the parts of the platform."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from greenroom.domain.anonymise import Column, Rules
from greenroom.domain.secret import Secret
from greenroom.ports.running import Values


@dataclass(frozen=True, slots=True)
class Presence:
    """Is the resource there? ``detail`` is one line for people; ``bytes`` on disk now, None when unknown. ``stays``: what its removal
    leaves where it lies, since it is not its own to remove, a line each."""

    there: bool
    detail: str = ""
    bytes: int | None = None
    stays: tuple[str, ...] = ()


class Resource(Protocol):
    """One thing that an environment owns: a database, a bucket, a host name.

    Every verb may be interrupted anywhere and called again. ``ensure`` raises (exit 2) when what it would make belongs
    to another environment.
    """

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
        """Remove it with everything in it, and whatever an interrupted ``ensure`` left."""

    def residue(self, environment: str) -> tuple[str, ...]:
        """What is left of it, searched for anew; empty when nothing is. Raises when it cannot be seen."""

    def found(self) -> Mapping[str, str]:
        """Every environment of this project of which something is there, and what; half-made and half-removed too.

        Found by looking, so that what nobody has a record of is seen. Raises rather than answer short.
        """


@dataclass(frozen=True, slots=True)
class Template:
    """A database that new environments are cloned from.

    ``source`` is the environment that it was copied from, at ``at`` (seconds since the epoch), ``heads`` its schema's
    revisions then; ``bytes`` on disk. ``whole`` is False for what an interrupted refresh left.
    """

    name: str
    source: str
    bytes: int
    heads: frozenset[str] = frozenset()
    at: float | None = None
    whole: bool = True


class Templates(Protocol):
    """The templates of a project."""

    def columns(self, environment: str) -> tuple[Column, ...]:
        """The columns of an environment's own tables."""

    def refresh(self, name: str, source: str, prepare: Callable[[Secret], object]) -> None:
        """Copy an environment's database while it serves, let ``prepare`` change the copy, and make it the template.

        ``prepare`` gets an address of the copy as its owner; what it raises ends the refresh. Ended anywhere, the
        template is the old one or the new one, whole. Raises (exit 6) while another refresh of that name runs.
        """

    def list(self) -> tuple[Template, ...]:
        """All of them, by name."""

    def remove(self, name: str) -> None:
        """Remove one, and whatever an interrupted refresh of that name left."""


class Anonymiser(Protocol):
    """Changes what is personal in a copy of a database. ``url`` is an address as the copy's owner."""

    def columns(self, url: Secret) -> tuple[Column, ...]:
        """The columns of every table."""

    def apply(self, url: Secret, rules: Rules) -> Mapping[str, int]:
        """Run the rules; changed rows by table. Old values are not readable afterwards."""


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
