"""A database and a role per environment."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from greenroom.domain.errors import GreenroomError
from greenroom.domain.secret import Secret
from greenroom.drivers.postgres.server import PORT
from greenroom.ports import Clock, Presence, Values

if TYPE_CHECKING:
    import psycopg

STARTING, STARTING_SECONDS = "starting up", 15.0
"""A server that recovers listens before it lets anybody in (SQLSTATE 57P03); so long it is asked again."""

DISK_FULL = "53100"
"""SQLSTATE (PostgreSQL, appendix A)."""

Passwords = Callable[[str], Secret]
"""The password of an environment's role, made the first time."""


class Database:
    """See :class:`greenroom.ports.Resource` and :class:`greenroom.ports.Schema`."""

    name = "database"

    def __init__(
        self,
        project: str,
        sockets: Path,
        admin: Callable[[], Secret],
        passwords: Passwords,
        clock: Clock,
    ) -> None:
        self._project = project.replace("-", "_")
        self._sockets = sockets
        self._admin = admin
        self._passwords = passwords
        self._clock = clock

    def label(self, environment: str) -> str:
        """The name of the environment's database, and of its role."""
        return f"{self._project}_{environment.replace('-', '_')}"

    def observe(self, environment: str) -> Presence:
        label = self.label(environment)
        with self._session("postgres") as connection:
            row = connection.execute(
                "select pg_database_size(datname) from pg_database where datname = %s", [label]
            ).fetchone()
        return Presence(row is not None, f"{label}, {row[0] // 1_000_000} MB" if row else label)

    def ensure(self, environment: str) -> None:
        from psycopg import sql

        label = self.label(environment)
        name, password = sql.Identifier(label), sql.Literal(self._passwords(environment).reveal())
        with self._session("postgres") as connection:
            known = connection.execute("select 1 from pg_roles where rolname = %s", [label]).fetchone()
            verb = sql.SQL("alter" if known else "create")
            connection.execute(sql.SQL("{} role {} login password {}").format(verb, name, password))
            if not connection.execute("select 1 from pg_database where datname = %s", [label]).fetchone():
                connection.execute(sql.SQL("create database {} owner {}").format(name, name))
            connection.execute(sql.SQL("revoke connect on database {} from public").format(name))

    def values(self, environment: str) -> Values:
        label = self.label(environment)
        password = quote(self._passwords(environment).reveal(), safe="")
        url = f"postgresql://{label}:{password}@/{label}?host={quote(str(self._sockets))}&port={PORT}"
        return {"DATABASE_URL": Secret(url)}

    def unreachable(self, environment: str) -> Values:
        label = self.label(environment)
        return {"DATABASE_URL": Secret(f"postgresql://{label}:none@127.0.0.1:1/{label}?connect_timeout=2")}

    def remove(self, environment: str) -> None:
        from psycopg import sql

        name = sql.Identifier(self.label(environment))
        with self._session("postgres") as connection:
            connection.execute(sql.SQL("drop database if exists {} with (force)").format(name))
            connection.execute(sql.SQL("drop role if exists {}").format(name))

    def residue(self, environment: str) -> tuple[str, ...]:
        label = self.label(environment)
        with self._session("postgres") as connection:
            databases = connection.execute("select 1 from pg_database where datname = %s", [label]).fetchone()
            roles = connection.execute("select 1 from pg_roles where rolname = %s", [label]).fetchone()
        return (*([f"database {label}"] if databases else []), *([f"role {label}"] if roles else []))

    def heads(self, environment: str) -> frozenset[str] | None:
        """Revisions in ``alembic_version``; empty without that table, None when the server does not answer."""
        try:
            with self._session(self.label(environment)) as connection:
                if connection.execute("select to_regclass('public.alembic_version')").fetchone() == (None,):
                    return frozenset()
                rows = connection.execute("select version_num from public.alembic_version").fetchall()
        except GreenroomError:
            return None
        return frozenset(str(row[0]) for row in rows)

    @contextmanager
    def _session(self, database: str) -> Iterator[psycopg.Connection[Any]]:
        """A connection; what the server refuses on it is raised as :class:`GreenroomError`."""
        import psycopg

        with self._connect(database) as connection:
            try:
                yield connection
            except psycopg.Error as error:
                raise _refusal(error, "PostgreSQL refuses") from error

    def _connect(self, database: str) -> psycopg.Connection[Any]:
        import psycopg

        until = self._clock.monotonic() + STARTING_SECONDS
        while True:
            try:
                return self._open(database)
            except psycopg.OperationalError as error:
                if STARTING not in str(error) or self._clock.monotonic() >= until:
                    raise _refusal(error, "PostgreSQL does not let us in") from error
            self._clock.sleep(0.1)

    def _open(self, database: str) -> psycopg.Connection[Any]:
        import psycopg

        return psycopg.connect(
            host=str(self._sockets),
            port=PORT,
            user="postgres",
            password=self._admin().reveal(),
            dbname=database,
            autocommit=True,
            connect_timeout=5,
        )


_CROWDED = re.compile("too many clients|remaining connection slots")


def _refusal(error: psycopg.Error, what: str) -> GreenroomError:
    """A server without room or without a free connection is told from one that is not well."""
    if _CROWDED.search(str(error)):
        return GreenroomError(
            "no-connection",
            "PostgreSQL has no connection left, not even one of those that are kept for its superuser",
            "end sessions that are not needed, or raise [database] max_connections; greenroom logs postgres",
        )
    if error.sqlstate == DISK_FULL:
        return GreenroomError(
            "disk-full",
            f"PostgreSQL has no room on the disk: {error}",
            "make room, then do it again; greenroom status",
        )
    return GreenroomError("database", f"{what}: {error}", "greenroom up")
