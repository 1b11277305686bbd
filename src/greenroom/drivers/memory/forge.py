"""A forge in memory: commits, branches and merge requests, and everything that teams do to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from greenroom.domain.errors import GreenroomError
from greenroom.domain.sweeping import Merge, MergeRequest

TARGET = "master"


@dataclass(slots=True)
class MemoryForge:
    """See :class:`greenroom.ports.environments.Forge`. ``failing``: why nothing can be read now; ``now``: its clock."""

    parents: dict[str, tuple[str, ...]] = field(default_factory=lambda: {"c0": ()})
    heads: dict[str, str] = field(default_factory=lambda: {TARGET: "c0"})
    merge_requests: dict[int, MergeRequest] = field(default_factory=dict)
    failing: str = ""
    now: float = 0.0

    def branches(self) -> Mapping[str, str]:
        self._readable()
        return dict(self.heads)

    def is_merged(self, commit: str) -> bool | None:
        self._readable()
        return commit in self._history(self.heads[TARGET])

    def requests(self) -> tuple[MergeRequest, ...]:
        self._readable()
        return tuple(self.merge_requests.values())

    def branch(self, name: str, start: str = TARGET) -> None:
        """A new branch, without commits of its own."""
        self.heads[name] = self.heads[start]

    def commit(self, name: str) -> str:
        """One more commit on a branch."""
        return self._commit(name, (self.heads[name],))

    def merge(self, name: str) -> None:
        """Merge into the target and push, without any request."""
        self._commit(TARGET, (self.heads[TARGET], self.heads[name]))

    def delete(self, name: str) -> None:
        """The branch is gone; a request of its that was open is closed with it."""
        del self.heads[name]
        self._end(name, Merge.CLOSED)

    def rename(self, old: str, new: str) -> None:
        """To a forge, the old one is gone and a new one is there."""
        self.heads[new] = self.heads[old]
        self.delete(old)

    def force_push(self, name: str, to: str) -> None:
        """Another commit, whatever was there before."""
        self.heads[name] = to

    def open_request(self, name: str) -> int:
        """A merge request; a branch has at most one that is open."""
        number = len(self.merge_requests) + 1
        self.merge_requests[number] = MergeRequest(number, name, Merge.OPEN, self.now)
        return number

    def accept_request(self, name: str, squash: bool = False) -> None:
        """Merge by the request that is open; squashed, the branch's own commits do not get into the target."""
        sources = () if squash else (self.heads[name],)
        self._commit(TARGET, (self.heads[TARGET], *sources))
        self._end(name, Merge.MERGED)

    def close_request(self, name: str) -> None:
        """Close it unmerged."""
        self._end(name, Merge.CLOSED)

    def reopen_request(self, name: str) -> None:
        """Open the last one that was closed again."""
        closed = [r for r in self.merge_requests.values() if r.branch == name and r.state is Merge.CLOSED]
        self.merge_requests[closed[-1].number] = replace(closed[-1], state=Merge.OPEN, at=self.now)

    def opened(self, name: str) -> bool:
        """Has the branch an open request?"""
        return any(r.branch == name and r.state is Merge.OPEN for r in self.merge_requests.values())

    def _end(self, name: str, state: Merge) -> None:
        for number, one in self.merge_requests.items():
            if one.branch == name and one.state is Merge.OPEN:
                self.merge_requests[number] = replace(one, state=state, at=self.now)

    def _commit(self, name: str, parents: tuple[str, ...]) -> str:
        made = f"c{len(self.parents)}"
        self.parents[made] = parents
        self.heads[name] = made
        return made

    def _history(self, commit: str) -> set[str]:
        found: set[str] = set()
        waiting = [commit]
        while waiting:
            one = waiting.pop()
            if one not in found:
                found.add(one)
                waiting += self.parents[one]
        return found

    def _readable(self) -> None:
        if self.failing:
            raise GreenroomError("branches-unread", self.failing, "nothing was removed")
