"""The doors of environments: their records, and the forge that their branches live on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Protocol

from greenroom.domain.leftovers import Leftover
from greenroom.domain.news import News
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


Dead = Callable[[str], str | None]
"""The environment of a branch that a foreign name tells of and that no branch leads to any more; None: it tells of none such."""


class Leftovers(Protocol):
    """Finds what earlier tools left. Nothing is changed by looking."""

    def found(self, dead: Dead) -> tuple[Leftover, ...]:
        """All of it that this account may see."""


class Forge(Protocol):
    """Where the branches live. Whatever cannot be read whole raises; nobody may take it for an answer."""

    def branches(self) -> Mapping[str, str]:
        """The tip of every branch. Raises when the list is not whole, or has no target branch in it."""

    def is_merged(self, commit: str) -> bool | None:
        """Is the commit in the target branch now? None: it cannot be told."""

    def requests(self, branches: Collection[str]) -> tuple[MergeRequest, ...]:
        """Every merge request, of whatever state, of these branches of this project; a fork's branch of the same name is another
        one. Raises when they cannot be read whole."""

    def waiting(self) -> Mapping[str, str]:
        """The commits that a job by hand may still deploy, each with the words for it. Raises when they cannot be read whole."""


class Board(Protocol):
    """Where the team reads what became of its branches. Raises when it cannot be told; nothing else may fail for that."""

    def tell(self, news: News) -> None:
        """A deploy is over."""

    def hosts(self) -> frozenset[str]:
        """The hosts of all environments that are listed there."""

    def forget(self, host: str) -> None:
        """The environment at this host is gone."""
