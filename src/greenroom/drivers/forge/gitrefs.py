"""Branches as ``git ls-remote`` tells them; without a remote, the local ones."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import cached_property
from pathlib import Path

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.sweeping import MergeRequest
from greenroom.drivers.system.processes import Completed, run

TIMEOUT = 60.0
"""Seconds that one git command may take."""

KEPT = "refs/greenroom"
"""What is fetched is kept below this name, away from the team's own refs."""

_LINE = re.compile(r"([0-9a-f]{40}|[0-9a-f]{64})[ \t]refs/heads/(.+)")


class GitForge:
    """See :class:`greenroom.ports.environments.Forge`. Knows no merge requests.

    ``targets``: the branches that others are merged into, the first one that exists counts. ``remote`` may be a name
    or a URL; where the repository has none of that name, its own branches are all there is.
    """

    def __init__(
        self, folder: Path, environ: Mapping[str, str], targets: tuple[str, ...], remote: str = "origin"
    ) -> None:
        self._folder = folder
        self._targets = targets
        self._remote = remote
        own = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")
        kept = {k: v for k, v in environ.items() if k not in own}
        self._env = {**kept, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}
        self._fetched: set[str] = set()

    def branches(self) -> Mapping[str, str]:
        return self._branches

    def is_merged(self, commit: str) -> bool | None:
        target = self._branches[self._target]
        if not self._has(target) and not self._fetch(self._target):
            return None
        if not self._has(commit) and not any(
            self._fetch(name) for name, tip in self._branches.items() if tip == commit
        ):
            return None
        answer = self._git("merge-base", "--is-ancestor", commit, target).code
        if answer == 1 and self._git("rev-parse", "--is-shallow-repository").text != "false":
            return None
        return {0: True, 1: False}.get(answer)

    def requests(self, branches: Collection[str]) -> tuple[MergeRequest, ...]:
        return ()

    def waiting(self) -> Mapping[str, str]:
        return {}

    def mentions(self, pattern: str) -> dict[str, tuple[str, ...]]:
        """By branch, whatever an extended regular expression finds in the files of its tip. Raises rather than leave a branch out."""
        found = {}
        for branch, tip in self._branches.items():
            if not self._has(tip) and not self._fetch(branch):
                raise _unreadable(f"the files of {branch} cannot be fetched")
            done = self._git("grep", "-h", "-I", "-o", "-E", "-e", pattern, tip)
            if done.code not in (0, 1):  # 1: it found nothing; killed, it has not read everything
                raise _unreadable(done.complaint)
            found[branch] = tuple(dict.fromkeys(done.text.splitlines()))
        return found

    @cached_property
    def _branches(self) -> dict[str, str]:
        """Read once: all that is decided in one run is decided on the same branches."""
        if self._has_remote:
            listed = self._git("ls-remote", "--heads", self._remote)
        else:
            listed = self._git("for-each-ref", "--format=%(objectname) %(refname)", "refs/heads")
        if not listed.ok:
            raise _unreadable(listed.complaint or f"git exits {listed.code}")
        found = {}
        lines = listed.out.decode("utf-8", "surrogateescape").split("\n")
        for line in lines[:-1]:
            match = _LINE.fullmatch(line)
            if match is None:
                raise _unreadable(f"git says {line[:80]!r}")
            found[match[2]] = match[1]
        if lines[-1]:
            raise _unreadable(f"it ends in the middle of a line: {lines[-1][:80]!r}")
        if not any(t in found for t in self._targets):
            raise _unreadable(f"none of them is {' or '.join(self._targets)}")
        return found

    @property
    def _target(self) -> str:
        return next(t for t in self._targets if t in self._branches)

    @cached_property
    def _has_remote(self) -> bool:
        if ":" in self._remote or "/" in self._remote:
            return True
        return self._remote in self._git("remote").text.split()

    def _has(self, commit: str) -> bool:
        return self._git("cat-file", "-e", f"{commit}^{{commit}}").ok

    def _fetch(self, branch: str) -> bool:
        """Bring a branch's commits here; False when that fails, or nothing can be fetched from."""
        if not self._has_remote:
            return False
        if branch not in self._fetched:
            into = f"+refs/heads/{branch}:{KEPT}/{branch}"
            words = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", self._remote, into)
            if not self._git(*words).ok:
                return False
            self._fetched.add(branch)
        return True

    def _git(self, *words: str) -> Completed:
        return run(["git", *words], cwd=self._folder, env=self._env, timeout=TIMEOUT)


def _unreadable(why: str) -> GreenroomError:
    return GreenroomError(
        "branches-unread",
        f"the list of branches cannot be read whole: {why}",
        "nothing was removed; look at: git ls-remote --heads",
        Exit.FAILED,
    )
