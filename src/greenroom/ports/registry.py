"""The doors of a registry, as its keeping needs them."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import Protocol

from greenroom.domain.registry.memory import Remembered
from greenroom.domain.registry.seen import Broken, Manifest, Repository


class Shelf(Protocol):
    """One repository. Raises GreenroomError ``registry``, ``registry-login``."""

    @property
    def name(self) -> str:
        """As the registry knows it."""

    def look(self, also: Collection[str] = ()) -> Repository:
        """Every tag, what it leads to, and the documents about that; ``also``: digests that may have no tag.

        What is broken is told and keeps nobody from looking at the rest.
        """

    def tags(self) -> tuple[str, ...]:
        """The names of all tags now."""

    def digest_of(self, tag: str) -> str:
        """What a tag is now; empty where there is none."""

    def read(self, wanted: str) -> Manifest | Broken:
        """One manifest, by tag or digest, as it is now."""

    def tag(self, digest: str, tag: str) -> None:
        """Give a manifest that is there another tag. Raises ``image-gone`` when it is not."""

    def untag(self, tag: str) -> None:
        """Take one tag away, and no other; done at the latest with :meth:`finish`. Ended in between, the tag is seen as discarded.

        Raises ``registry-delete-disabled`` before anything is done where the registry lets nobody delete.
        """

    def finish(self) -> None:
        """Take away all tags that are discarded."""


class Answering(StrEnum):
    """What a registry does: takes pushes; refuses them; nothing listens there; something before it says that it is away."""

    WRITABLE = "writable"
    READ_ONLY = "read-only"
    STOPPED = "stopped"
    AWAY = "away"


class Collector(Protocol):
    """The program that frees the bytes, and the registry that it must not run beside."""

    def repositories(self) -> tuple[str, ...]:
        """Every repository of the registry. Raises when they cannot be listed whole."""

    def by_itself(self) -> str:
        """Why the registry needs no collector, as a sentence; empty when it needs one."""

    def check(self) -> None:
        """Raise (exit 2) when nobody has said how to collect, or how what is stopped is started again."""

    def answering(self) -> Answering:
        """What the registry does now. Raises when that cannot be told."""

    @property
    def stops(self) -> bool:
        """Has somebody said how it is stopped, or made read only?"""

    def stop(self) -> None:
        """Do that. Raises when it fails."""

    def start(self) -> None:
        """Start it again. Raises (exit 5) when it fails."""

    def changed(self) -> float | None:
        """When a manifest or tag last came, in seconds since the epoch; None where nobody has said where they lie."""

    def running(self) -> bool:
        """Does one still run that was begun before, by whomever?"""

    def collect(self) -> str:
        """Run the collector to its end; the last lines that it wrote. Raises ``collection`` when it fails."""

    def size(self) -> int | None:
        """Bytes of all blobs on disk; None where nobody has said where they lie."""


class Memory(Protocol):
    """What is remembered from one look to the next."""

    def read(self) -> Remembered:
        """It; nothing where there is none, or it is damaged: then everything counts as new."""

    def write(self, remembered: Remembered) -> None:
        """Keep it, durably."""
