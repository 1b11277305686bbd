"""What ``greenroom.toml`` says, as domain objects."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from greenroom.domain.access import SignIn
from greenroom.domain.cluster import ClusterSettings
from greenroom.domain.gitlab import GitLabSettings
from greenroom.domain.image import ImageSettings
from greenroom.domain.pipelines.settings import CiSettings
from greenroom.domain.policy import Policy
from greenroom.domain.registry.settings import RegistrySettings
from greenroom.domain.roles import Role, background_of, web_of
from greenroom.domain.rules import Rule
from greenroom.domain.secrets import SecretPolicy


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


class Issuer(StrEnum):
    """Who makes an environment's S3 key: AWS's IAM interface, MinIO's own, or nobody (one given key for all)."""

    IAM = "iam"
    MINIO = "minio"
    GIVEN = "given"


@dataclass(frozen=True, slots=True)
class ObjectStore:
    """The S3 store. ``endpoint`` None: the embedded one; ``cluster_endpoint``: the same one as pods reach it, where they reach it
    elsewhere. ``bucket_prefix`` None: the project's name.

    ``key_variable`` and ``secret_variable`` name the environment variables that hold the administrator's key.
    """

    endpoint: str | None = None
    cluster_endpoint: str | None = None
    region: str = "us-east-1"
    issuer: Issuer = Issuer.IAM
    iam_endpoint: str | None = None
    bucket_prefix: str | None = None
    key_variable: str = "GREENROOM_S3_KEY"
    secret_variable: str = "GREENROOM_S3_SECRET"  # noqa: S105 - a name


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
    rules: tuple[Rule, ...]
    policy: Policy = field(default_factory=Policy)
    edge: Edge = field(default_factory=Edge)
    database: DatabaseLimits = field(default_factory=DatabaseLimits)
    prove: ProvePaths = field(default_factory=ProvePaths)
    sign_in: SignIn = field(default_factory=SignIn)
    secrets: SecretPolicy = field(default_factory=SecretPolicy)
    s3: ObjectStore = field(default_factory=ObjectStore)
    image: ImageSettings = field(default_factory=ImageSettings)
    registry: RegistrySettings = field(default_factory=RegistrySettings)
    cluster: ClusterSettings = field(default_factory=ClusterSettings)
    ci: CiSettings = field(default_factory=CiSettings)
    gitlab: GitLabSettings | None = None

    @property
    def web(self) -> Role:
        """The one web role."""
        return web_of(self.roles)

    @property
    def background(self) -> tuple[Role, ...]:
        """Workers and cron roles."""
        return background_of(self.roles)
