"""``.dockerignore``: what of a project's files must not come into an image, and whether a file says so.

The patterns are those of Docker (https://docs.docker.com/build/concepts/context/#dockerignore-files): relative to the
context, ``*`` within a name, ``**`` across folders, ``!`` takes back, the last pattern that matches wins, and what
lies in a folder that matches is left out with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

LEFT_OUT: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "history and the forge's own files",
        (".git", "**/.git", ".github", ".gitlab", ".gitlab-ci.yml", ".gitea"),
    ),
    (
        "secrets",
        (
            *("**/.env", "**/.env.*", "**/*.pem", "**/*.key", "**/*.age", "**/id_rsa", "**/id_ed25519"),
            *("**/.netrc", "**/.pypirc", "**/.npmrc", "**/kubeconfig", "**/.kube", "**/.ssh", "**/.aws"),
        ),
    ),
    ("Greenroom's own state", (".greenroom",)),
    (
        "environments, packages and caches",
        ("**/.venv", "venv", "**/node_modules", "**/__pycache__", "**/*.pyc"),
    ),
    (
        "caches of tools",
        ("**/.pytest_cache", "**/.mypy_cache", "**/.ruff_cache", "**/.hypothesis", ".tox", ".nox"),
    ),
    ("tests", ("tests", "test", "**/conftest.py", ".coverage", "htmlcov")),
    (
        "how images are made",
        (".dockerignore", "Dockerfile*", "Containerfile*", "compose*.y*ml", "docker-compose*.y*ml"),
    ),
    ("editors", ("**/.idea", "**/.vscode", "**/*.swp", "**/.DS_Store")),
)
"""Groups of patterns that no image needs; ``greenroom image dockerignore`` writes them."""

PROBES: tuple[tuple[str, str], ...] = (
    (".git/config", "the whole history, and addresses with tokens"),
    (".env", "settings and secrets of whoever builds"),
    (".env.production", "secrets"),
    ("deploy/server.key", "private keys"),
    (".netrc", "passwords"),
    (".greenroom/ledger.sqlite", "Greenroom's own state, with backups and keys"),
    (".venv/bin/python", "an environment of another machine"),
    ("node_modules/left-pad/index.js", "packages that only a build needs"),
    ("shop/__pycache__/app.cpython-311.pyc", "compiled files, which differ from build to build"),
    (".pytest_cache/README.md", "a tool's cache"),
    ("tests/test_app.py", "tests"),
)
"""Files that stand for their kind: each must be left out. With the reason."""


@dataclass(frozen=True, slots=True)
class Ignoring:
    """The patterns of one file, in order."""

    patterns: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Ignoring:
        """From a file's text: comments and blank lines are nothing."""
        lines = (line.strip() for line in text.removeprefix("\ufeff").splitlines())
        return cls(tuple(line for line in lines if line and not line.startswith("#")))

    def leaves_out(self, path: str) -> bool:
        """Does the path (relative, with ``/``) stay out of the context?"""
        out = False
        for pattern in self.patterns:
            back = pattern.startswith("!")
            if out is back and _matcher(pattern.lstrip("!").strip()).match(path):
                out = not back
        return out


@dataclass(frozen=True, slots=True)
class Ignored:
    """A project's file: was it written now, and what does it let in that no image needs (an example, and why)?"""

    name: str
    written: bool
    lets_in: tuple[tuple[str, str], ...]

    def to_json(self) -> dict[str, Any]:
        """For ``--json``."""
        lets_in = [{"path": path, "why": why} for path, why in self.lets_in]
        return {"name": self.name, "written": self.written, "lets_in": lets_in}


def default() -> Ignoring:
    """Greenroom's own list."""
    return Ignoring(tuple(p for _, patterns in LEFT_OUT for p in patterns))


def default_text() -> str:
    """A ``.dockerignore`` with Greenroom's own list."""
    head = "# What no image needs. Written by: greenroom image dockerignore; it may be changed.\n"
    return head + "".join(f"\n# {title}\n" + "".join(f"{p}\n" for p in ps) for title, ps in LEFT_OUT)


def let_in(ignoring: Ignoring) -> tuple[tuple[str, str], ...]:
    """Of what must stay out, that which comes in: an example of each kind, and why it must not."""
    return tuple((path, why) for path, why in PROBES if not ignoring.leaves_out(path))


def joined(own: Iterable[str], team: Sequence[str]) -> Ignoring:
    """Both lists; the team's comes later, so that it may take back what Greenroom leaves out."""
    return Ignoring((*own, *team))


@lru_cache(maxsize=512)
def _matcher(pattern: str) -> re.Pattern[str]:
    parts = [p for p in pattern.split("/") if p not in ("", ".")]
    text = ""
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        if part == "**":
            text += ".*" if last else "(?:.*/)?"
        else:
            text += _name(part) + ("" if last else "/")
    return re.compile(f"{text}(?:/.*)?$", re.DOTALL)


def _name(part: str) -> str:
    """One name's pattern: ``*``, ``?`` and ``[...]`` stay within it."""
    found = ""
    for piece in re.findall(r"\*+|\?|\[[^\]]+\]|\\.|.", part, re.DOTALL):
        if piece.startswith("*"):
            found += ".*" if len(piece) > 1 else "[^/]*"
        elif piece == "?":
            found += "[^/]"
        elif len(piece) > 2 and piece.startswith("["):
            found += piece
        else:
            found += re.escape(piece.removeprefix("\\") or piece)
    return found
