"""The shape of ``greenroom.toml``: every key, its text and its default.

The texts become the annotated reference file and the editor's schema, so they are written for the reader of those.
Defaults come from the domain: there is one place for each figure.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from greenroom.config import cron, values
from greenroom.config.ci_table import CiTable
from greenroom.config.cluster_table import ClusterEdgeTable, ClusterNetworkTable, ClusterTable
from greenroom.config.environment_table import EnvironmentTable
from greenroom.config.fields import (
    Command,
    Duration,
    Inside,
    Label,
    Page,
    Size,
    Table,
    Variable,
    VariableName,
    key,
)
from greenroom.config.gitlab_table import GitLabTable
from greenroom.config.image_table import ImageTable
from greenroom.config.proving import ProveTable
from greenroom.config.registry_table import RegistryTable
from greenroom.config.secret_table import SecretsTable
from greenroom.config.signin_table import SignInTable
from greenroom.config.store import StoreTable
from greenroom.domain.policy import Policy, Worse
from greenroom.domain.project import App, DatabaseLimits, Edge
from greenroom.domain.roles import Role, RoleKind

_POLICY = Policy()
_WORSE = Worse()
_EDGE = Edge()
_LIMITS = DatabaseLimits()
_APP = App(wsgi="")
_WEB = Role("web", RoleKind.WEB)


class AppTable(Table):
    """How the app is built and served. Paths are relative to the folder of this file."""

    wsgi: Annotated[str, AfterValidator(values.wsgi)] = key(
        ..., 'The WSGI app, module:callable; a factory is called: "shop:create_app()".', "wsgi:app"
    )
    static: Inside | None = key(None, "Folder of the static files.", "shop/static")
    static_url: Annotated[str, AfterValidator(values.url_folder)] = key(
        _APP.static_url, "URL below which they are served."
    )
    requirements: Inside | None = key(
        None,
        "What the app needs: a requirements file, or pyproject.toml (with uv.lock, if there is one)."
        " Default: requirements.txt, else pyproject.toml, whichever is there.",
        "requirements.txt",
    )
    alembic: Inside | None = key(
        None,
        "Alembic's configuration. Default: alembic.ini, else migrations/alembic.ini, if it is there.",
        "alembic.ini",
    )
    migrate: Command | None = key(
        None,
        "Brings the schema to this release's heads; runs before the release is launched."
        " Default: alembic upgrade heads where alembic.ini is found, Flask-Migrate's command where its folder is.",
        "alembic upgrade heads",
    )


class RoleTable(Table):
    """A kind of process: [roles.<name>]. Exactly one is web; without any, a web role with the defaults is added."""

    kind: Literal["web", "worker", "cron"] | None = key(
        None,
        "web answers requests, worker runs all the time, cron runs on its schedule."
        " Default: web for the role named web, cron where there is a schedule, else worker.",
    )
    command: Command | None = key(
        None,
        "What a worker or cron role runs, as a line or a list of words; no shell is involved."
        " Greenroom serves the web role itself.",
    )
    processes: int = key(_WEB.processes, "Processes of a web or worker role.", ge=1, le=512)
    threads: int = key(_WEB.threads, "Threads of each web process.", ge=1, le=512)
    connections: int = key(
        _WEB.connections,
        "Database connections that one process may open (pool and overflow).",
        ge=0,
        le=10000,
    )
    schedule: Annotated[str, AfterValidator(cron.schedule)] | None = key(
        None, "When a cron role runs: minute hour day month weekday, in UTC."
    )
    singleton: bool = key(_WEB.singleton, "Never two at once, not even during a release (worker, cron).")
    stop_timeout: Duration = key(_WEB.stop_timeout, "How long a process may take to end after SIGTERM.")


class WorseTable(Table):
    """When is a new release worse than the old one, so that Greenroom goes back by itself?"""

    min_requests: int = key(
        _WORSE.min_requests, "Below this many requests only Greenroom's own probes decide.", ge=1, le=10**9
    )
    error_points: float = key(
        _WORSE.error_points,
        "Percentage points by which the share of answers >= 500 may grow.",
        ge=0,
        le=100,
        allow_inf_nan=False,
    )
    p95_factor: float = key(
        _WORSE.p95_factor,
        "Worse when the slowest twentieth takes this many times the old one ...",
        ge=1,
        le=1000,
        allow_inf_nan=False,
    )
    p95_floor_ms: float = key(
        _WORSE.p95_floor_ms, "... and more than this many milliseconds.", ge=0, le=10**6, allow_inf_nan=False
    )


class PolicyTable(Table):
    """How a release goes on stage. Durations are "15s", "10m", "1m30s" or a number of seconds."""

    probe_path: Page = key(_POLICY.probe_path, "Asked on the new processes before anybody sees them.")
    probe_good: int = key(_POLICY.probe_good, "Good answers in a row that make it ready.", ge=1, le=100)
    probe_timeout: Duration = key(_POLICY.probe_timeout, "How long becoming ready may take.")
    watch: Duration = key(_POLICY.watch, "How long the command watches after the switch.")
    keep_warm: Duration = key(_POLICY.keep_warm, "How long the old processes stay ready to serve again.")
    drain_timeout: Duration = key(_POLICY.drain_timeout, "How long the last requests may take.")
    keep_releases: int = key(_POLICY.keep_releases, "Good releases kept on disk.", ge=1, le=1000)
    liveness_path: Page = key(
        _POLICY.liveness_path,
        "Says whether a process is alive, and asks nobody else; checked by greenroom doctor.",
    )
    cold_factor: float = key(
        _POLICY.cold_factor,
        "A warning when a new slot's pages take this many times the live slot's ...",
        ge=1,
        le=1000,
        allow_inf_nan=False,
    )
    cold_floor_ms: float = key(
        _POLICY.cold_floor_ms,
        "... and more than this many milliseconds.",
        ge=0,
        le=10**6,
        allow_inf_nan=False,
    )
    worse: WorseTable = Field(default_factory=WorseTable, description="See [policy.worse].")


class EdgeTable(Table):
    """The public side."""

    bind: Annotated[str, AfterValidator(values.address)] = key(_EDGE.bind, "The address to listen on.")
    port: int | None = key(
        None,
        "The port for https. Default: 443 where allowed, else a free port that is then kept.",
        8443,
        ge=1,
        le=65535,
    )
    max_body: Size = key(_EDGE.max_body, "The largest request body; more is answered with 413.")


class DatabaseTable(Table):
    """The limits of the database server."""

    max_connections: int = key(_LIMITS.max_connections, "Connections it accepts.", ge=10, le=10000)
    reserve: int = key(_LIMITS.reserve, "Of these, kept for people, migrations and checks.", ge=1, le=10000)


class File(Table):
    """The project's file."""

    name: Label = key(
        ..., "Names databases, buckets, folders and hosts: a DNS label, at most 30 characters.", "shop"
    )
    host: Annotated[str, AfterValidator(values.host)] | None = key(
        None, "The public name of production. Default: <name>.localhost.", "shop.localhost"
    )
    app: AppTable = Field(description="See [app].")
    roles: dict[Label, RoleTable] = Field(
        default_factory=dict,
        description="See [roles.<name>].",
        json_schema_extra={"propertyNames": {"pattern": f"^{values.LABEL.pattern}$"}},
    )
    policy: PolicyTable = Field(default_factory=PolicyTable, description="See [policy].")
    edge: EdgeTable = Field(default_factory=EdgeTable, description="See [edge].")
    signin: SignInTable = Field(default_factory=SignInTable, description="See [signin].")
    database: DatabaseTable = Field(default_factory=DatabaseTable, description="See [database].")
    prove: ProveTable = Field(default_factory=ProveTable, description="See [prove].")
    s3: StoreTable = Field(default_factory=StoreTable, description="See [s3].")
    secrets: SecretsTable = Field(default_factory=SecretsTable, description="See [secrets].")
    image: ImageTable = Field(default_factory=ImageTable, description="See [image].")
    registry: RegistryTable = Field(default_factory=RegistryTable, description="See [registry].")
    kubernetes: ClusterTable = Field(default_factory=ClusterTable, description="See [kubernetes].")
    ci: CiTable = Field(default_factory=CiTable, description="See [ci].")
    gitlab: GitLabTable | None = Field(None, description="See [gitlab].")
    environments: list[EnvironmentTable] = Field(
        default_factory=list,
        max_length=100,
        description="See [[environments]]. Without any there is production, for the branches master and main.",
    )
    env: dict[VariableName, Variable] = Field(
        default_factory=dict,
        description="Plain settings for the app's environment. Secrets do not belong into this file.",
        json_schema_extra={"propertyNames": {"pattern": f"^{values.VARIABLE.pattern}$"}},
    )


def table_at(path: tuple[str | int, ...]) -> type[Table] | None:
    """The model of the table at ``path``, or None where any key may stand."""
    fixed: dict[tuple[str | int, ...], type[Table]] = {
        (): File,
        ("app",): AppTable,
        ("policy",): PolicyTable,
        ("policy", "worse"): WorseTable,
        ("edge",): EdgeTable,
        ("signin",): SignInTable,
        ("database",): DatabaseTable,
        ("prove",): ProveTable,
        ("secrets",): SecretsTable,
        ("s3",): StoreTable,
        ("image",): ImageTable,
        ("ci",): CiTable,
        ("gitlab",): GitLabTable,
        ("registry",): RegistryTable,
        ("kubernetes",): ClusterTable,
        ("kubernetes", "edge"): ClusterEdgeTable,
        ("kubernetes", "network"): ClusterNetworkTable,
    }
    if len(path) == 2 and path[0] == "roles":
        return RoleTable
    if len(path) == 2 and path[0] == "environments":
        return EnvironmentTable
    return fixed.get(path)
