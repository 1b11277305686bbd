"""A graph of commits in memory, with branches on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

TARGET = "master"
FIRST = "c0"


@dataclass(slots=True)
class Commits:
    """``parents`` of each commit, ``heads`` of the branches; ``naming``: what the n-th commit is called."""

    parents: dict[str, tuple[str, ...]] = field(default_factory=lambda: {FIRST: ()})
    heads: dict[str, str] = field(default_factory=lambda: {TARGET: FIRST})
    naming: Callable[[int], str] = "c{}".format

    def grow(self, branch: str, *parents: str) -> str:
        """One more commit; the branch leads to it."""
        made = self.naming(len(self.parents))
        self.parents[made] = parents
        self.heads[branch] = made
        return made

    def move(self, branch: str, to: str) -> None:
        """The branch leads there, whatever it led to before; it is made when there is none."""
        self.heads[branch] = to

    def drop(self, branch: str) -> None:
        """The branch is gone, its commits stay."""
        del self.heads[branch]

    def reaches(self, tip: str, commit: str) -> bool:
        """Is the commit the tip itself, or does it come before it?"""
        found: set[str] = set()
        waiting = [tip]
        while waiting:
            one = waiting.pop()
            if one == commit:
                return True
            if one not in found:
                found.add(one)
                waiting += self.parents.get(one, ())
        return False
