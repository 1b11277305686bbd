"""The git repository behind the project: a graph in memory, or a real bare one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from greenroom.domain.errors import GreenroomError
from greenroom.drivers.memory.commits import TARGET, Commits
from greenroom.drivers.system.processes import run

WHO = ("-c", "user.name=Team", "-c", "user.email=team@example.org", "-c", "commit.gpgsign=false")


class Repository(Protocol):
    """Commits and the branches on them."""

    @property
    def heads(self) -> Mapping[str, str]:
        """The tip of every branch."""

    def grow(self, branch: str, *parents: str) -> str:
        """One more commit; the branch leads to it."""

    def move(self, branch: str, to: str) -> None:
        """The branch leads there, whatever it led to before."""

    def drop(self, branch: str) -> None:
        """The branch is gone, its commits stay."""

    def reaches(self, tip: str, commit: str) -> bool:
        """Is the commit the tip itself, or does it come before it?"""


def in_memory() -> Commits:
    """A graph with one commit; ids look like those of git."""
    first = f"{0xC0:040x}"
    return Commits({first: ()}, {TARGET: first}, lambda n: f"{0xC0 + n:040x}")


class GitRepository:
    """A bare repository at ``folder``; where there is none it is made, with one commit on the target branch."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        made = not folder.exists()
        if made:
            folder.mkdir(parents=True)
            self._git("init", "-q", "--bare", "-b", TARGET)
        self._tree = self._git("mktree")
        self._count = 0
        if made:
            self.grow(TARGET)

    @property
    def heads(self) -> Mapping[str, str]:
        lines = self._git("for-each-ref", "--format=%(objectname) %(refname:lstrip=2)", "refs/heads")
        pairs = (line.split(" ", 1) for line in lines.splitlines())
        return {name: commit for commit, name in pairs}

    def grow(self, branch: str, *parents: str) -> str:
        self._count += 1
        words = [word for one in parents for word in ("-p", one)]
        made = self._git("commit-tree", self._tree, *words, "-m", f"change {self._count}")
        self.move(branch, made)
        return made

    def move(self, branch: str, to: str) -> None:
        self._git("update-ref", f"refs/heads/{branch}", to)

    def drop(self, branch: str) -> None:
        self._git("update-ref", "-d", f"refs/heads/{branch}")

    def reaches(self, tip: str, commit: str) -> bool:
        return run(["git", "merge-base", "--is-ancestor", commit, tip], cwd=self.folder).ok

    def _git(self, *words: str) -> str:
        done = run(["git", *WHO, *words], cwd=self.folder)
        if not done.ok:
            raise GreenroomError("fake-git", f"git {words[0]}: {done.complaint}")
        return done.text
