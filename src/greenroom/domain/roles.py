"""Roles: the kinds of processes that an app consists of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class RoleKind(StrEnum):
    """What a role's processes do: answer requests, work off a queue, or run on a schedule."""

    WEB = "web"
    WORKER = "worker"
    CRON = "cron"


@dataclass(frozen=True, slots=True)
class Role:
    """A kind of process of the app.

    ``command`` is an argument vector run in the release's folder (empty for the web role, which Greenroom serves
    itself). ``processes`` are web worker processes or copies of a worker; ``threads`` belong to web.
    ``connections``: database connections that one process may open (pool + overflow).
    ``schedule`` is a cron role's five-field cron line (UTC). ``singleton``: never two at once, also during a release.
    """

    name: str
    kind: RoleKind
    command: tuple[str, ...] = ()
    processes: int = 1
    threads: int = 8
    connections: int = 5
    schedule: str | None = None
    singleton: bool = False
    stop_timeout: float = 35.0


def web_of(roles: Iterable[Role]) -> Role:
    """The one web role."""
    return next(r for r in roles if r.kind is RoleKind.WEB)


def background_of(roles: Iterable[Role]) -> tuple[Role, ...]:
    """Workers and cron roles."""
    return tuple(r for r in roles if r.kind is not RoleKind.WEB)
