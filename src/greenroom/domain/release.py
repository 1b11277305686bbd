"""Releases: immutable builds, promoted and never rebuilt."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from greenroom.domain.revisions import RevisionGraph

ID_LENGTH = 12
"""Hex digits of a release's short id; the whole digest is kept beside it."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What makes two builds the same release. The commit is not part of it."""

    tree: str
    lock: str
    python: str
    server: str

    @property
    def digest(self) -> str:
        """sha256 in hex over the four parts."""
        parts = f"greenroom/1\n{self.tree}\n{self.lock}\n{self.python}\n{self.server}"
        return hashlib.sha256(parts.encode()).hexdigest()

    @property
    def id(self) -> str:
        """The short id: the first 12 hex digits of the digest."""
        return self.digest[:ID_LENGTH]


@dataclass(frozen=True, slots=True)
class Release:
    """One immutable build.

    ``created_at`` is in seconds since the epoch; ``commit`` and ``subject`` are labels; ``dirty`` marks a build
    of uncommitted files. ``warnings`` were raised by the build (unpinned requirements, undeclared phases).
    """

    id: str
    digest: str
    commit: str
    subject: str
    author: str
    created_at: float
    dirty: bool = False
    revisions: RevisionGraph = field(default_factory=RevisionGraph)
    warnings: tuple[str, ...] = ()
