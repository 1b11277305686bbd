"""What a project of GitLab consists of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

GUEST, REPORTER, DEVELOPER, MAINTAINER, ADMINISTRATOR = 10, 20, 30, 40, 60
"""Roles, as GitLab counts them."""


@dataclass(slots=True)
class Token:
    """A token of somebody with a role in the project. ``expires_at``: seconds since the epoch."""

    scopes: tuple[str, ...] = ("api",)
    role: int = MAINTAINER
    revoked: bool = False
    expires_at: float | None = None


@dataclass(slots=True)
class Note:
    """A comment. ``system``: GitLab wrote it itself."""

    id: int
    body: str
    created_at: float
    updated_at: float
    system: bool = False
    own: bool = True


@dataclass(slots=True)
class Request:
    """A merge request; ``state`` in opened, closed, merged, locked; ``source`` is None once its fork is gone."""

    iid: int
    branch: str
    target: str
    source: int | None
    sha: str
    created_at: float
    updated_at: float
    state: str = "opened"
    merged_at: float | None = None
    closed_at: float | None = None
    merge_commit_sha: str | None = None
    squash_commit_sha: str | None = None
    squash: bool = False
    notes: dict[int, Note] = field(default_factory=dict)


@dataclass(slots=True)
class Place:
    """An environment; ``state`` in available, stopping, stopped."""

    id: int
    name: str
    created_at: float
    updated_at: float
    external_url: str | None = None
    tier: str = "other"
    state: str = "available"


@dataclass(slots=True)
class Deployment:
    """A deployment. While its environment is there, the repository keeps a ref for it."""

    id: int
    iid: int
    place: int
    ref: str
    sha: str
    tag: bool
    status: str
    created_at: float
    updated_at: float


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request that GitLab really answered, and its answer."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Mapping[str, Any]
    status: int
    said: Any


@dataclass(slots=True)
class Protection:
    """A protected branch: who may push and merge (0: nobody), and is force allowed?"""

    push: int = MAINTAINER
    merge: int = MAINTAINER
    force: bool = False


@dataclass(slots=True)
class Variable:
    """A variable of the project's CI; ``value`` is masked only where it is long enough, and one line."""

    key: str
    value: str = "long-enough-to-mask"
    masked: bool = False
    protected: bool = False
    scope: str = "*"
    kind: str = "env_var"


@dataclass(slots=True)
class Job:
    """A job of a pipeline. ``ref``: a branch, a tag or ``refs/merge-requests/<iid>/head``."""

    id: int
    name: str
    ref: str
    sha: str
    created_at: float
    status: str = "manual"
    tag: bool = False


@dataclass(slots=True)
class Runner:
    """Who does the jobs."""

    id: int
    online: bool = True
    paused: bool = False


@dataclass(slots=True)
class Schedule:
    """A pipeline that runs by the clock."""

    id: int
    cron: str = "17 * * * *"
    ref: str = "master"
    active: bool = True
