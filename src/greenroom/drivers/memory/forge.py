"""A forge in memory: commits, branches and merge requests, and everything that teams do to them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from greenroom.domain.errors import GreenroomError
from greenroom.domain.sweeping import Merge, MergeRequest
from greenroom.drivers.memory.commits import TARGET, Commits


@dataclass(slots=True)
class MemoryForge(Commits):
    """See :class:`greenroom.ports.environments.Forge`. ``failing``: why nothing can be read now; ``now``: its clock.

    ``jobs``: those that wait for a hand, by commit.
    """

    merge_requests: dict[int, MergeRequest] = field(default_factory=dict)
    jobs: dict[str, str] = field(default_factory=dict)
    failing: str = ""
    now: float = 0.0

    def branches(self) -> Mapping[str, str]:
        self._readable()
        return dict(self.heads)

    def is_merged(self, commit: str) -> bool | None:
        self._readable()
        return self.contains(TARGET, commit)

    def requests(self, branches: Collection[str]) -> tuple[MergeRequest, ...]:
        self._readable()
        return tuple(r for r in self.merge_requests.values() if r.branch in branches)

    def waiting(self) -> Mapping[str, str]:
        self._readable()
        return dict(self.jobs)

    def branch(self, name: str, start: str = TARGET) -> None:
        """A new branch, without commits of its own."""
        self.heads[name] = self.heads[start]

    def commit(self, name: str) -> str:
        """One more commit on a branch."""
        return self.grow(name, self.heads[name])

    def merge(self, name: str) -> None:
        """Merge into the target and push, without any request."""
        self.grow(TARGET, self.heads[TARGET], self.heads[name])

    def delete(self, *names: str) -> None:
        """The branches are gone; requests of theirs that were open are closed with them."""
        for name in names:
            self.drop(name)
            self._end(name, Merge.CLOSED)

    def rename(self, old: str, new: str) -> None:
        """To a forge, the old one is gone and a new one is there."""
        self.heads[new] = self.heads[old]
        self.delete(old)

    def force_push(self, name: str, to: str) -> None:
        """Another commit, whatever was there before."""
        self.move(name, to)

    def open_request(self, name: str) -> int:
        """A merge request; a branch has at most one that is open."""
        number = len(self.merge_requests) + 1
        self.merge_requests[number] = MergeRequest(number, name, Merge.OPEN, self.now)
        return number

    def accept_request(self, name: str, squash: bool = False) -> None:
        """Merge by the request that is open; squashed, the branch's own commits do not get into the target."""
        sources = () if squash else (self.heads[name],)
        self.grow(TARGET, self.heads[TARGET], *sources)
        self._end(name, Merge.MERGED)

    def close_request(self, name: str) -> None:
        """Close it unmerged."""
        self._end(name, Merge.CLOSED)

    def reopen_request(self, name: str) -> None:
        """Open the last one that was closed again."""
        closed = [r for r in self._of(name) if r.state is Merge.CLOSED]
        self.merge_requests[closed[-1].number] = replace(closed[-1], state=Merge.OPEN, at=self.now)

    def contains(self, branch: str, commit: str) -> bool:
        """Is the commit in that branch now?"""
        return self.reaches(self.heads[branch], commit)

    def opened(self, name: str) -> bool:
        """Has the branch an open request?"""
        return any(r.state is Merge.OPEN for r in self._of(name))

    def closed(self, name: str) -> bool:
        """Has it one that was closed, and may be opened again?"""
        return any(r.state is Merge.CLOSED for r in self._of(name))

    def ended(self, name: str) -> list[float]:
        """When each of its requests that are over came to its end."""
        return [r.at for r in self._of(name) if r.state is not Merge.OPEN]

    def at(self, now: float) -> None:
        """Set its clock."""
        self.now = now

    def _of(self, name: str) -> list[MergeRequest]:
        return [r for r in self.merge_requests.values() if r.branch == name]

    def _end(self, name: str, state: Merge) -> None:
        for one in self._of(name):
            if one.state is Merge.OPEN:
                self.merge_requests[one.number] = replace(one, state=state, at=self.now)

    def _readable(self) -> None:
        if self.failing:
            raise GreenroomError("branches-unread", self.failing, "nothing was removed")
