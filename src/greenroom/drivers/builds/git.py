"""The project's folder as git sees it: commits, trees and their contents."""

from __future__ import annotations

import io
import posixpath
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.drivers.system.processes import Completed, run

TIMEOUT = 120.0
"""Seconds that one git command may take."""

_STEADY = ("-c", "log.showSignature=false", "-c", "core.safecrlf=false", "-c", "core.fsmonitor=false")
"""Settings of the user's that would change what these commands print or do."""

_OWN = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY")


@dataclass(frozen=True, slots=True)
class Source:
    """What a release is built from: ``tree`` is the git tree of the project's folder, the rest are labels."""

    tree: str
    commit: str
    subject: str
    author: str
    dirty: bool = False


class Git:
    """Reads one project folder, which may be a part of the repository; ``apart`` is a folder left out of it."""

    def __init__(self, folder: Path, environ: Mapping[str, str], apart: Path | None = None) -> None:
        self.folder = folder
        self._apart = ""
        if apart is not None and apart.is_relative_to(folder) and apart != folder:
            self._apart = apart.relative_to(folder).as_posix()
        kept = {k: v for k, v in environ.items() if k not in _OWN}
        self._env = {**kept, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}

    def committed(self, ref: str) -> Source:
        """The project's folder at a commit; a branch that is not here is looked for at the remote ``origin``, as it was
        fetched last. Raises ``no-repository``, ``unknown-ref`` or ``not-in-commit``."""
        prefix = self._prefix()
        found = self._commit(ref) or self._commit(f"refs/remotes/origin/{ref}")
        if not found:
            raise self._unknown(ref)
        tree = self._git("rev-parse", "--verify", "--quiet", f"{found}:{prefix}")
        if not tree.ok:
            raise _error(
                "not-in-commit",
                f"the folder {prefix} is not in the commit {ref}",
                "commit it, or build the files as they are with --dirty",
            )
        return self._labelled(tree.text, found, dirty=False)

    def _commit(self, ref: str) -> str:
        """The commit's full name; empty when there is none of that name."""
        return self._git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}").text

    def working(self) -> Source:
        """The project's folder as it is now, without ignored files. The user's index is not touched."""
        prefix = self._prefix()
        head = self._git("rev-parse", "--verify", "--quiet", "HEAD^{commit}").text
        with tempfile.TemporaryDirectory(prefix="greenroom-index-") as place:
            index = {"GIT_INDEX_FILE": str(Path(place) / "index")}
            if head:
                self._must("read-tree", head, env=index)
            self._must("add", "--all", "--", *self._paths(), env=index)
            tree = self._must("write-tree", *([f"--prefix={prefix}"] if prefix else []), env=index).text
        committed = self._git("rev-parse", "--verify", "--quiet", f"{head}:{prefix}").text if head else ""
        return self._labelled(tree, head, dirty=tree != committed)

    def changed(self) -> int:
        """How many files of the folder differ from the commit that is checked out."""
        return (
            len(
                self._must(
                    "status",
                    "--porcelain",
                    "-z",
                    "--no-renames",
                    "--untracked-files=normal",
                    "--",
                    *self._paths(),
                ).out.split(b"\0")
            )
            - 1
        )

    def is_head(self, commit: str) -> bool:
        """Is this the commit that is checked out?"""
        return self._git("rev-parse", "--verify", "--quiet", "HEAD^{commit}").text == commit

    def file(self, tree: str, path: str) -> bytes | None:
        """The content of a file of the tree (links inside it are followed), or None."""
        asked = f"{tree}:{path}\n".encode()
        found = self._must("cat-file", "--batch", "--follow-symlinks", input=asked).out
        head, _, content = found.partition(b"\n")
        words = head.split(b" ")
        return content[: int(words[2])] if len(words) == 3 and words[1] == b"blob" else None

    def submodules(self, tree: str) -> tuple[str, ...]:
        """Paths that hold another repository: ``git archive`` leaves them empty."""
        lines = (
            self._must("ls-tree", "--full-tree", "-r", "-z", tree).out.decode(errors="replace").split("\0")
        )
        return tuple(line.split("\t", 1)[1] for line in lines if line.startswith("160000 "))

    def extract(self, tree: str, target: Path) -> None:
        """Write the tree's files into the new folder ``target``."""
        target.mkdir()
        # Without a work tree around it git does not look for the current folder inside the tree.
        place = self._must("rev-parse", "--absolute-git-dir").text
        archive = self._must(f"--git-dir={place}", "archive", "--format=tar", tree)
        with tarfile.open(fileobj=io.BytesIO(archive.out)) as tar:
            for member in tar:
                _check_inside(member)
            if hasattr(tarfile, "data_filter"):
                tar.extractall(target, filter="data")
            else:  # Python 3.11.0 to 3.11.3; what the filter would refuse has been refused above
                tar.extractall(target)  # noqa: S202

    def _paths(self) -> list[str]:
        """What belongs to the project. git refuses to exclude what it ignores anyway."""
        there = self._apart and (self.folder / self._apart).exists()
        if not there or self._git("check-ignore", "--quiet", "--", self._apart).ok:
            return ["."]
        return [".", f":(exclude){self._apart}"]

    def _prefix(self) -> str:
        found = self._git("rev-parse", "--is-inside-work-tree", "--show-prefix")
        answer = found.out.decode(errors="replace").split("\n")
        if found.ok and answer[0] == "true":
            return answer[1].rstrip("/")
        hint = "git init, git add, git commit: a release is built from a commit"
        if "dubious ownership" in found.complaint:
            hint = "the folder belongs to another user: see git's safe.directory"
        raise _error("no-repository", f"{self.folder} is not in a git repository", hint, found.complaint)

    def _unknown(self, ref: str) -> GreenroomError:
        if not self._git("rev-parse", "--verify", "--quiet", "HEAD^{commit}").ok:
            return _error("no-commit", "the repository has no commit yet", "git add and git commit first")
        return _error(
            "unknown-ref", f"git knows no commit {ref!r}", "git branch -a and git tag list the names"
        )

    def _labelled(self, tree: str, commit: str, *, dirty: bool) -> Source:
        if not commit:
            return Source(tree, "", "uncommitted files", "", dirty)
        shown = self._must("log", "-1", "--format=%s%x00%an", commit, "--").text
        subject, _, author = shown.partition("\0")
        return Source(tree, commit, subject, author, dirty)

    def _must(
        self, *words: str, env: Mapping[str, str] | None = None, input: bytes | None = None
    ) -> Completed:
        done = self._git(*words, env=env, input=input)
        if not done.ok:
            raise _error("git", f"git {next(w for w in words if w[0] != '-')} failed", details=done.complaint)
        return done

    def _git(
        self, *words: str, env: Mapping[str, str] | None = None, input: bytes | None = None
    ) -> Completed:
        whole = {**self._env, **(env or {})}
        return run(["git", *_STEADY, *words], cwd=self.folder, env=whole, input=input, timeout=TIMEOUT)


def _error(code: str, message: str, hint: str = "", details: str = "") -> GreenroomError:
    return GreenroomError(code, message, hint, Exit.USAGE, details)


def _check_inside(member: tarfile.TarInfo) -> None:
    """Refuse what would be written, or would point, outside the folder."""
    names = [member.name]
    if member.issym():
        names.append(posixpath.join(posixpath.dirname(member.name), member.linkname))
    for name in names:
        clean = posixpath.normpath(name)
        if clean.startswith(("/", "../")) or clean == "..":
            raise _error(
                "unsafe-source", f"the commit holds something that would leave its folder: {member.name}"
            )
    if not (member.isfile() or member.isdir() or member.issym()):
        raise _error("unsafe-source", f"the commit holds something that is no file: {member.name}")
