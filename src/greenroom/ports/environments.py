"""The doors of environments: their records, and the forge that their branches live on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from greenroom.domain.record import Record
from greenroom.domain.sweeping import MergeRequest


class Records(Protocol):
    """What is remembered of each environment. Whoever changes one holds its lease."""

    def all(self) -> tuple[Record, ...]:
        """Every environment, by name."""

    def get(self, name: str) -> Record | None:
        """One of them."""

    def put(self, record: Record) -> None:
        """Remember, durably."""

    def drop(self, name: str) -> None:
        """Forget, durably."""


class Forge(Protocol):
    """Where the branches live. Whatever cannot be read whole raises; nobody may take it for an answer."""

    def branches(self) -> Mapping[str, str]:
        """The tip of every branch. Raises when the list is not whole, or has no target branch in it."""

    def is_merged(self, commit: str) -> bool | None:
        """Is the commit in the target branch now? None: it cannot be told."""

    def requests(self) -> tuple[MergeRequest, ...]:
        """Every merge request of this project's own branches. Raises when they cannot be read whole."""
