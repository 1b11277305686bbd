"""One project and everything that a team does to it, with what GitLab itself does then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from greenroom.drivers.memory.commits import TARGET
from greenroom.ports import Clock
from greenroom.testing.gitlab.repository import Repository, in_memory
from greenroom.testing.gitlab.things import (
    Deployment,
    Exchange,
    Job,
    Note,
    Place,
    Protection,
    Request,
    Runner,
    Schedule,
    Token,
    Variable,
)
from greenroom.testing.gitlab.trouble import Trouble

NOWHERE = "0" * 40
NO_CLEANUP = {
    "cadence": "1d",
    "enabled": False,
    "keep_n": 10,
    "older_than": "90d",
    "name_regex": ".*",
    "name_regex_keep": None,
}
"""The registry's cleanup policy of a new project."""

HOOKS_PER_PUSH = 3
"""``push_event_hooks_limit``: a push that changes more branches fires no webhook at all."""


@dataclass(slots=True)
class GitLab:
    """``events``: the webhooks that fired, newest last. ``asked``: every request that was really answered. ``watch`` is called before
    each request, for those who want to change something in between. ``keyset``: are branches paged that way (as of GitLab 13.5)?
    """

    clock: Clock
    repository: Repository = field(default_factory=in_memory)
    id: int = 4711
    path: str = "team/shop"
    url: str = "https://gitlab.example.org"
    version: str = "19.3.0"
    tokens: dict[str, Token] = field(default_factory=lambda: {"glpat-all": Token()})
    requests: dict[int, Request] = field(default_factory=dict)
    places: dict[int, Place] = field(default_factory=dict)
    deployments: dict[int, Deployment] = field(default_factory=dict)
    protected: dict[str, Protection] = field(default_factory=lambda: {TARGET: Protection()})
    variables: list[Variable] = field(default_factory=list)
    jobs: dict[int, Job] = field(default_factory=dict)
    runners: list[Runner] = field(default_factory=lambda: [Runner(1)])
    cleanup: dict[str, Any] = field(default_factory=lambda: dict(NO_CLEANUP))
    schedules: list[Schedule] = field(default_factory=lambda: [Schedule(1)])
    events: list[dict[str, Any]] = field(default_factory=list)
    asked: list[Exchange] = field(default_factory=list)
    trouble: Trouble = field(default_factory=Trouble)
    watch: Callable[[], None] = lambda: None
    keyset: bool = True
    push_limit: int = 3
    _ids: int = 0

    @property
    def heads(self) -> Mapping[str, str]:
        """The tip of every branch."""
        return self.repository.heads

    @property
    def kept_refs(self) -> tuple[str, ...]:
        """The refs by which the repository keeps every deployment of every environment that is not deleted."""
        return tuple(
            f"refs/environments/{self.places[d.place].name}/deployments/{d.iid}"
            for d in self.deployments.values()
        )

    def next_id(self) -> int:
        """A number that nothing has yet."""
        self._ids += 1
        return self._ids

    def contains(self, branch: str, commit: str) -> bool:
        """Is the commit in that branch now?"""
        return self.repository.reaches(self.heads[branch], commit)

    def branch(self, name: str, start: str = TARGET) -> None:
        """Push a new branch, without commits of its own."""
        self.push(name, self.heads[start])

    def commit(self, name: str) -> str:
        """Push one more commit to a branch."""
        before = self.heads[name]
        made = self.repository.grow(name, before)
        self._pushed({name: (before, made)})
        return made

    def job(self, name: str, ref: str, sha: str = "", tag: bool = False) -> Job:
        """A pipeline of that ref has a job that waits for a hand; without ``sha``: of its tip."""
        made = Job(self.next_id(), name, ref, sha or self.heads[ref], self.clock.now(), tag=tag)
        self.jobs[made.id] = made
        return made

    def merge(self, name: str, into: str = TARGET) -> None:
        """Merge on somebody's own machine, and push that."""
        before = self.heads[into]
        made = self.repository.grow(into, before, self.heads[name])
        self._pushed({into: (before, made)})

    def push(self, name: str, to: str) -> None:
        """Push what a branch leads to, with force if need be."""
        before = self.heads.get(name, NOWHERE)
        self.repository.move(name, to)
        self._pushed({name: (before, to)})

    force_push = push

    def delete(self, *names: str) -> None:
        """Delete branches in one push."""
        gone = {name: (self.heads[name], NOWHERE) for name in names}
        for name in names:
            self.repository.drop(name)
        self._pushed(gone)

    def rename(self, old: str, new: str) -> None:
        """To GitLab, a new branch is there and the old one is gone."""
        self.push(new, self.heads[old])
        self.delete(old)

    def open_request(self, name: str, target: str = TARGET, fork: int | None = None) -> int:
        """A merge request of a branch; of a fork's branch of that name where ``fork`` is its project."""
        now, iid = self.clock.now(), len(self.requests) + 1
        sha = self.heads[name] if fork is None else f"{0xF0F0 + iid:040x}"
        self.requests[iid] = Request(iid, name, target, fork or self.id, sha, now, now)
        self._hook(self.requests[iid], "open")
        return iid

    def accept_request(
        self, name: str, squash: bool = False, fast: bool = False, remove: bool = False
    ) -> None:
        """Merge by the request that is open. ``fast``: fast-forward, where no commit is made; ``remove`` the branch, too."""
        one = self._opened(name)
        before = self.heads[one.target]
        made = self._merged(one, before, squash, fast)
        one.squash = squash
        one.squash_commit_sha = made if squash else None
        one.merge_commit_sha = None if fast else made
        self._end(one, "merged", "merge")
        self._pushed({one.target: (before, made)})
        if remove:
            self.delete(name)

    def close_request(self, name: str) -> None:
        """Close it unmerged."""
        self._end(self._opened(name), "closed", "close")

    def reopen_request(self, name: str) -> None:
        """Open the last one that was closed again; the branch must be there, and have no other one open."""
        one = [r for r in self.own(name) if r.state == "closed"][-1]
        one.state, one.closed_at, one.sha = "opened", None, self.heads[name]
        one.updated_at = self.clock.now()
        self._hook(one, "reopen")

    def comment(self, iid: int, body: str = "looks good") -> None:
        """Somebody says something; the request counts as updated, whatever its state."""
        now, one = self.clock.now(), self.requests[iid]
        note = Note(self.next_id(), body, now, now, own=False)
        one.notes[note.id] = note
        one.updated_at = now

    def own(self, name: str) -> list[Request]:
        """The merge requests of this project's own branch of that name, oldest first."""
        return [r for r in self.requests.values() if r.branch == name and r.source == self.id]

    def opened(self, name: str) -> bool:
        """Has the branch an open request?"""
        return any(r.state == "opened" for r in self.own(name))

    def closed(self, name: str) -> bool:
        """Has it one that was closed, and may be opened again?"""
        return any(r.state == "closed" for r in self.own(name))

    def ended(self, name: str) -> list[float]:
        """When each of its requests that are over came to its end."""
        return [at for r in self.own(name) for at in (r.merged_at, r.closed_at) if at is not None]

    def _opened(self, name: str) -> Request:
        return next(r for r in self.own(name) if r.state == "opened")

    def _merged(self, one: Request, before: str, squash: bool, fast: bool) -> str:
        if fast and not squash:
            self.repository.move(one.target, one.sha)
            return one.sha
        return self.repository.grow(one.target, before, *(() if squash else (one.sha,)))

    def _end(self, one: Request, state: str, action: str) -> None:
        now = self.clock.now()
        one.state, one.updated_at = state, now
        one.merged_at, one.closed_at = (now, None) if state == "merged" else (None, now)
        self._hook(one, action)

    def _pushed(self, refs: dict[str, tuple[str, str]]) -> None:
        """What GitLab does after a push: heads of open requests move, end, or turn out to be merged."""
        if len(refs) <= HOOKS_PER_PUSH:
            self.events += [_push_event(self, name, *move) for name, move in refs.items()]
        for name, (before, after) in refs.items():
            for one in [r for r in self.requests.values() if r.state == "opened"]:
                if one.branch == name and one.source == self.id:
                    self._source_pushed(one, after)
                elif one.target == name and after != NOWHERE and self._arrived(one.sha, before, after):
                    self._end(one, "merged", "merge")
                    one.merge_commit_sha = after

    def _source_pushed(self, one: Request, after: str) -> None:
        if after == NOWHERE:
            self._end(one, "closed", "close")
        else:
            one.sha, one.updated_at = after, self.clock.now()
            self._hook(one, "update")

    def _arrived(self, sha: str, before: str, after: str) -> bool:
        """Did this push bring the commit into the branch?"""
        return self.repository.reaches(after, sha) and not self.repository.reaches(before, sha)

    def _hook(self, one: Request, action: str) -> None:
        told = {
            "iid": one.iid,
            "action": action,
            "state": one.state,
            "source_branch": one.branch,
            "target_branch": one.target,
            "source_project_id": one.source,
            "target_project_id": self.id,
            "merge_commit_sha": one.merge_commit_sha,
            "last_commit": {"id": one.sha},
        }
        self.events.append({"object_kind": "merge_request", "object_attributes": told})


def _push_event(lab: GitLab, name: str, before: str, after: str) -> dict[str, Any]:
    gone = after == NOWHERE
    return {
        "object_kind": "push",
        "event_name": "push",
        "ref": f"refs/heads/{name}",
        "before": before,
        "after": after,
        "checkout_sha": None if gone else after,
        "project": {"id": lab.id, "path_with_namespace": lab.path, "default_branch": TARGET},
        "commits": [],
        "total_commits_count": 0,
    }
