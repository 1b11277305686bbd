"""Branches and merge requests as GitLab has them; what only git can tell, git tells."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any

from greenroom.domain.sweeping import Merge, MergeRequest
from greenroom.drivers.gitlab.client import Client
from greenroom.drivers.gitlab.refusing import unread
from greenroom.ports import Forge

_STATES = {"opened": Merge.OPEN, "locked": Merge.OPEN, "merged": Merge.MERGED, "closed": Merge.CLOSED}
"""Locked is what GitLab calls a request while it merges it: not yet over."""

STOPS = "stop"
"""What the names of jobs begin with that end an environment, in the pipeline that ``ci generate`` writes."""

UNFINISHED = (*("created", "scheduled", "manual", "waiting_for_resource", "preparing", "pending", "running"),)
"""States of a job that will, or may, still use its commit's build."""

REQUESTS = "refs/merge-requests/"
"""The ``ref`` of a job in the pipeline of a merge request."""


class GitLabForge:
    """See :class:`greenroom.ports.environments.Forge`. ``git``: the same project, read with git.

    A branch counts as gone only when both say so: GitLab may be asked about another project by mistake, and a remote may be
    an old mirror.
    """

    def __init__(self, client: Client, git: Forge) -> None:
        self._client = client
        self._git = git

    def branches(self) -> Mapping[str, str]:
        return self._branches

    def is_merged(self, commit: str) -> bool | None:
        return self._git.is_merged(commit)

    def requests(self, branches: Collection[str]) -> tuple[MergeRequest, ...]:
        """Branch by branch: a project has thousands, and a list of all would move while it is read."""
        path = f"{self._client.project}/merge_requests"
        words = {"scope": "all", "state": "all", "order_by": "created_at", "sort": "asc"}
        found = []
        for branch in sorted(branches):
            for one in self._client.every("/merge_requests", "iid", source_branch=branch, **words):
                found += self._own(one, branch, path)
        return tuple(found)

    def waiting(self) -> Mapping[str, str]:
        """Jobs that nobody has run yet, or that have not ended, of branches that are there and of merge requests that are open: those
        of others stay ``manual`` for ever in GitLab. What only stops an environment needs no build. By commit, and by the number of
        the pipeline, which some teams name their builds by."""
        opened: set[str] | None = None
        found = {}
        for job in self._unfinished():
            try:
                name, ref, commit = str(job["name"]), str(job["ref"]), str(job["commit"]["id"])
                pipeline = str(job["pipeline"]["id"])
            except (KeyError, TypeError) as error:
                raise unread("the list of jobs", f"job {job.get('id')} has no {error}") from error
            if name.startswith(STOPS):
                continue
            if ref.startswith(REQUESTS):
                opened = self._opened() if opened is None else opened
                there = ref.removeprefix(REQUESTS).partition("/")[0] in opened
            else:
                there = bool(job.get("tag")) or ref in self._branches
            if there:
                how = "may still be run by hand" if job["status"] == "manual" else f"is {job['status']}"
                found[commit] = found[pipeline] = f"the job {name} of {ref} {how}"
        return found

    def _unfinished(self) -> Iterator[dict[str, Any]]:
        """In the order in which a job goes through these states: one that moves on while they are read is met again. GitLab tells no
        number of jobs, so pages by number could lose one; they go by its id, downwards."""
        words = {"pagination": "keyset", "order_by": "id", "sort": "desc"}
        for status in UNFINISHED:
            yield from self._client.every("/jobs", "id", scope=status, **words)

    def _opened(self) -> set[str]:
        listed = self._client.every("/merge_requests", "iid", scope="all", state="opened")
        return {str(one["iid"]) for one in listed}

    @cached_property
    def _branches(self) -> dict[str, str]:
        """Read once, like git's."""
        git = self._git.branches()
        listed = self._client.every("/repository/branches", "name", pagination="keyset")
        try:
            told = {str(one["name"]): str(one["commit"]["id"]) for one in listed}
        except (KeyError, TypeError) as error:
            raise unread("the list of branches", f"one has no {error}") from error
        if not any(told.get(name) == tip for name, tip in git.items()):
            project = f"{self._client.where.project} of {self._client.where.url}"
            raise unread("the list of branches", f"{project} and git tell of different projects")
        return {**told, **git}

    def _own(self, one: dict[str, Any], branch: str, path: str) -> list[MergeRequest]:
        """The request, if it is one of this project's own branch."""
        try:
            if one["source_branch"] != branch:
                raise unread(
                    "the list of merge requests", f"one of {one['source_branch']} is among those of {branch}"
                )
            if one["source_project_id"] != one["target_project_id"]:
                return []
            state = _STATES[one["state"]]
            return [MergeRequest(int(one["iid"]), branch, state, self._since(one, state))]
        except (KeyError, TypeError, ValueError) as error:
            raise unread("the list of merge requests", f"{path}/{one.get('iid')}: {error!r}") from error

    def _since(self, one: dict[str, Any], state: Merge) -> float:
        """When it came into its state, by our clock. Where GitLab does not tell, as early as can be: nothing goes for it.

        Not ``updated_at``: whoever says something about a request that ended long ago updates it.
        """
        key = {Merge.MERGED: "merged_at", Merge.CLOSED: "closed_at", Merge.OPEN: "created_at"}[state]
        told = one.get(key) or one["created_at"]
        return datetime.fromisoformat(told).timestamp() - self._client.skew
