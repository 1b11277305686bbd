"""What environments own: files, secrets, database, bucket; and the templates of their databases."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cached_property, partial
from typing import TYPE_CHECKING

from greenroom.domain.budget import connection_budget
from greenroom.domain.environment import Access, Environment, Tier
from greenroom.domain.project import Project
from greenroom.domain.secret import Secret
from greenroom.drivers.local.layout import Layout
from greenroom.drivers.local.public import PublicAddress
from greenroom.drivers.local.secrets import SecretFile
from greenroom.drivers.system.machine import Machine
from greenroom.ports import Clock, Resource

if TYPE_CHECKING:
    from greenroom.drivers.postgres.admin import Admin
    from greenroom.drivers.postgres.anonymiser import PostgresAnonymiser
    from greenroom.drivers.postgres.database import Database
    from greenroom.drivers.postgres.templates import Templates
    from greenroom.drivers.s3.bucket import Bucket
    from greenroom.drivers.s3.store import Key, Store

PLATFORM_SECRETS = "_platform"


class Belongings:
    """Seen from one environment, ``place``: its template, access and size are those that a new one gets."""

    def __init__(
        self,
        project: Project,
        layout: Layout,
        clock: Clock,
        place: Environment,
        public: PublicAddress,
        machine: Machine,
        say: Callable[[str], None],
    ) -> None:
        self._project = project
        self._layout = layout
        self._clock = clock
        self._place = place
        self._public = public
        self._machine = machine
        self._say = say

    @cached_property
    def resources(self) -> tuple[Resource, ...]:
        """What an environment owns, in the order of making; the secrets, which open the others, first."""
        from greenroom.drivers.local.app_secrets import AppSecrets
        from greenroom.drivers.local.traces import Traces

        root = self._layout.root
        return (
            AppSecrets(root / "secrets", root / "mail", self._public.url),
            Traces(self._layout, self._machine),
            self.database,
            self.bucket,
        )

    @cached_property
    def bucket(self) -> Bucket:
        """The bucket of each environment."""
        from greenroom.drivers.s3.bucket import Bucket
        from greenroom.drivers.s3.issuers import issuer_of

        name, wanted = self._project.name, self._project.s3
        issuer, public = issuer_of(wanted.issuer, self.store), self._place.access is Access.PUBLIC
        return Bucket(name, self.store, issuer, self._secrets, lambda _: public, wanted.bucket_prefix)

    @cached_property
    def database(self) -> Database:
        """The database of each environment, and its word on the schema."""
        from greenroom.drivers.postgres.database import Database

        return Database(
            self._project.name,
            self._database_admin,
            lambda env: self._secrets(env).get_or_make("DATABASE_PASSWORD"),
            limits=lambda _: self._connections,
            template=lambda _: self._place.template,
        )

    @cached_property
    def templates(self) -> Templates:
        """Databases that new environments are cloned from."""
        from greenroom.drivers.postgres.templates import Templates

        scratch = self._layout.root / "template-dumps"
        return Templates(self._project.name, self._database_admin, self.database.label, scratch)

    @cached_property
    def anonymiser(self) -> PostgresAnonymiser:
        """Takes out of a copy what is personal."""
        from greenroom.drivers.postgres.anonymiser import PostgresAnonymiser

        return PostgresAnonymiser()

    @cached_property
    def store(self) -> Store:
        """The store that greenroom.toml names, with a key from the environment; else the embedded one."""
        from greenroom.drivers.s3.store import Store, key_from

        wanted = self._project.s3
        if wanted.endpoint is None:
            embedded = f"http://127.0.0.1:{self._public.services['s3']}"
            return Store(embedded, self._embedded_key, self._clock, say=self._say)
        admin = partial(key_from, os.environ, wanted.key_variable, wanted.secret_variable)
        return Store(wanted.endpoint, admin, self._clock, wanted.region, wanted.iam_endpoint, self._say)

    @property
    def buckets(self) -> str:
        """The store's address and what buckets begin with, as the edge needs it."""
        return f"{self.store.endpoint}/{self._project.s3.bucket_prefix or self._project.name}"

    def platform_secret(self, key: str) -> Secret:
        """A secret of the platform itself, made the first time."""
        return self._secrets(PLATFORM_SECRETS).get_or_make(key)

    @cached_property
    def _database_admin(self) -> Admin:
        from greenroom.drivers.postgres.admin import Admin

        password = partial(self.platform_secret, "POSTGRES_PASSWORD")
        return Admin(self._layout.short / "pg", password, self._clock)

    @property
    def _connections(self) -> int:
        """How many connections the environment's role may have: what a release may need; -1 for production."""
        roles = self._place.roles(self._project.roles)
        needed = connection_budget(roles, self._project.database).needed
        return -1 if self._place.tier is Tier.PRODUCTION else needed

    def _embedded_key(self) -> Key:
        from greenroom.drivers.s3.server import ADMIN_KEY
        from greenroom.drivers.s3.store import Key

        return Key(ADMIN_KEY, self.platform_secret("S3_ADMIN_SECRET"))

    def _secrets(self, environment: str) -> SecretFile:
        return SecretFile(self._layout.root / "secrets", environment)
