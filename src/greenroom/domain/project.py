"""What ``greenroom.toml`` says, as domain objects."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from greenroom.domain.access import SignIn
from greenroom.domain.environment import Environment
from greenroom.domain.policy import Policy


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


@dataclass(frozen=True, slots=True)
class App:
    """How the app is built and served. Paths are relative to the project's folder.

    ``wsgi`` is ``module:callable``; ``static`` the folder of static files (None: the app has none) served below
    ``static_url``; ``migrate`` the command that brings the schema to the release's heads (empty: none).
    """

    wsgi: str
    static: str | None = None
    static_url: str = "/static/"
    requirements: str = "requirements.txt"
    alembic: str | None = None
    migrate: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Edge:
    """The public side. ``port`` None: 443 when allowed, else a free port that is then kept."""

    bind: str = "127.0.0.1"
    port: int | None = None
    max_body: int = 20_000_000


@dataclass(frozen=True, slots=True)
class DatabaseLimits:
    """``max_connections`` of the server; ``reserve`` of them are kept for people, migrations and checks."""

    max_connections: int = 100
    reserve: int = 10


@dataclass(frozen=True, slots=True)
class ProvePaths:
    """Which of the app's paths ``greenroom prove`` may use; None: the app has no such page."""

    pages: tuple[str, ...] = ("/",)
    slow: str | None = None
    echo: str | None = None
    stream: str | None = None


@dataclass(frozen=True, slots=True)
class Project:
    """Everything that the project's file says, checked and with its defaults filled in."""

    name: str
    app: App
    roles: tuple[Role, ...]
    environments: tuple[Environment, ...]
    policy: Policy = field(default_factory=Policy)
    edge: Edge = field(default_factory=Edge)
    database: DatabaseLimits = field(default_factory=DatabaseLimits)
    prove: ProvePaths = field(default_factory=ProvePaths)
    sign_in: SignIn = field(default_factory=SignIn)

    @property
    def web(self) -> Role:
        """The one web role."""
        return next(r for r in self.roles if r.kind is RoleKind.WEB)

    @property
    def background(self) -> tuple[Role, ...]:
        """Workers and cron roles."""
        return tuple(r for r in self.roles if r.kind is not RoleKind.WEB)
