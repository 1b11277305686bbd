"""A database and a role per environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.secret import Secret
from greenroom.drivers.postgres.admin import (
    HALF_DROPPED,
    Admin,
    Label,
    database_label,
    drop_database,
    drop_role,
    keep_strangers_out,
    owners,
    role_label,
    said,
    statement,
    verifier,
)
from greenroom.drivers.postgres.clone import clone
from greenroom.drivers.postgres.names import comment_text, database_name
from greenroom.drivers.postgres.template_names import template_label
from greenroom.ports import Presence, Values

if TYPE_CHECKING:
    import psycopg

Passwords = Callable[[str], Secret]
"""The password of an environment's role, made the first time."""


class Database:
    """See :class:`greenroom.ports.Resource` and :class:`greenroom.ports.Schema`.

    Each environment has a database and a role of the same name, which owns the database and everything in it, may
    connect to no other, and is let in ``limits`` times at most (-1: no limit). ``template`` names the template that a
    new environment's database is cloned from. The comment on each says whose it is (JSON), so that ``fb-1`` and
    ``fb_1`` cannot share one and residue is found by looking. The role is made with its comment in one transaction;
    a database without one is its owner's, half-made.

    A clone's objects belong to the template's own role, a role of that one generation that owns nothing else. So
    ``REASSIGN OWNED`` in the clone hands everything of any kind to the environment's role, which may then alter and
    drop it; a group role would have left every environment's role able to act as owner of every other's objects.
    """

    name = "database"

    def __init__(
        self,
        project: str,
        admin: Admin,
        passwords: Passwords,
        limits: Callable[[str], int] = lambda _: -1,
        template: Callable[[str], str | None] = lambda _: None,
    ) -> None:
        self._project = project
        self._admin = admin
        self._passwords = passwords
        self._limits = limits
        self._template = template

    def label(self, environment: str) -> str:
        """The name of the environment's database, and of its role. Raises (exit 2) when it is too long."""
        return database_name(self._project, environment)

    def observe(self, environment: str) -> Presence:
        label = self.label(environment)
        with self._admin.connect() as connection:
            row = connection.execute(
                "select pg_database_size(oid) from pg_database where datname = %s and datconnlimit <> %s",
                [label, HALF_DROPPED],
            ).fetchone()
        size = row[0] if row else None
        return Presence(
            row is not None, f"{label}, {size // 1_000_000} MB" if size is not None else label, size
        )

    def ensure(self, environment: str) -> None:
        label = self.label(environment)
        with self._admin.connect() as connection:
            self._check_owner(connection, environment)
            self._ensure_role(connection, environment)
            if _half_dropped(connection, label):
                drop_database(connection, label)
            if database_label(connection, label) is None:
                self._create(connection, environment)
            keep_strangers_out(connection)
            connection.execute(statement("alter database {} allow_connections true", label))
            self._take_over(connection, label)
            connection.execute(
                statement("comment on database {} is {text}", label, text=self._text(environment))
            )

    def values(self, environment: str) -> Values:
        label = self.label(environment)
        return {"DATABASE_URL": self._admin.url(label, self._passwords(environment), label)}

    def unreachable(self, environment: str) -> Values:
        label = self.label(environment)
        return {"DATABASE_URL": Secret(f"postgresql://{label}:none@127.0.0.1:1/{label}?connect_timeout=2")}

    def remove(self, environment: str) -> None:
        label = self.label(environment)
        with self._admin.connect() as connection:
            self._check_owner(connection, environment)
            drop_database(connection, label)
            drop_role(self._admin, connection, label)

    def residue(self, environment: str) -> tuple[str, ...]:
        label = self.label(environment)
        with self._admin.connect() as connection:
            there = database_label(connection, label), role_label(connection, label)
        mine = [label_of is not None and self._is_mine(label_of, environment) for label_of in there]
        return (*([f"database {label}"] if mine[0] else []), *([f"role {label}"] if mine[1] else []))

    def found(self) -> Mapping[str, str]:
        """See the port. A database without a comment of its own counts for the environment of its owner."""
        with self._admin.connect() as connection:
            roles = {
                name: said(text)
                for name, text in connection.execute(
                    "select rolname, shobj_description(oid, 'pg_authid') from pg_roles"
                )
            }
            databases = connection.execute(
                "select datname, shobj_description(oid, 'pg_database'), pg_get_userbyid(datdba) from pg_database"
            ).fetchall()
        things = [(f"role {name}", name, label) for name, label in roles.items()]
        things += [
            (f"database {name}", name, said(text) or roles.get(owner, {})) for name, text, owner in databases
        ]
        found: dict[str, list[str]] = {}
        for thing, name, label in sorted(things, key=lambda one: one[0]):
            environment = label.get("environment")
            if label.get("greenroom") == self._project and environment and name == self.label(environment):
                found.setdefault(environment, []).append(thing)
        return {environment: ", ".join(named) for environment, named in found.items()}

    def heads(self, environment: str, start: bool = True) -> frozenset[str] | None:
        """Revisions in ``alembic_version``; empty without that table, None when the server does not answer."""
        try:
            with self._admin.connect(self.label(environment)) as connection:
                return heads(connection)
        except GreenroomError:
            return None

    def _text(self, environment: str) -> str:
        return comment_text(self._project, environment)

    def _is_mine(self, label: Label, environment: str) -> bool:
        """What has no comment was made before there were any, and is told by its name."""
        return not label or (label.get("greenroom"), label.get("environment")) == (self._project, environment)

    def _check_owner(self, connection: psycopg.Connection[Any], environment: str) -> None:
        name = self.label(environment)
        for label in (database_label(connection, name), role_label(connection, name)):
            if label and not self._is_mine(label, environment):
                other = label.get("environment")
                raise GreenroomError(
                    "name-taken",
                    f"{name} belongs to environment {other} of {label['greenroom']}, not to {environment}",
                    f"another name for {environment}, or greenroom -e {other} destroy",
                    Exit.USAGE,
                )

    def _ensure_role(self, connection: psycopg.Connection[Any], environment: str) -> None:
        label = self.label(environment)
        rights = "login nosuperuser nocreatedb nocreaterole noreplication nobypassrls"
        verb = "create role {} " if role_label(connection, label) is None else "alter role {} "
        password = verifier(connection, label, self._passwords(environment))
        text = verb + rights + " connection limit {limit} password {password}"
        with connection.transaction():
            connection.execute(statement(text, label, limit=self._limits(environment), password=password))
            connection.execute(statement("comment on role {} is {text}", label, text=self._text(environment)))

    def _create(self, connection: psycopg.Connection[Any], environment: str) -> None:
        """Nobody gets in before it is closed to others and handed over."""
        label, template = self.label(environment), self._template(environment)
        if template is None:
            text = "create database {} owner {} template template0 allow_connections false"
            connection.execute(statement(text, label, label))
            return
        source = template_label(self._project, template)
        if database_label(connection, source) is None:
            raise GreenroomError(
                "no-template",
                f"there is no template {template} to make {environment} from",
                f"greenroom template refresh {template}",
                Exit.USAGE,
            )
        clone(connection, source, label, owner=label)

    def _take_over(self, connection: psycopg.Connection[Any], label: str) -> None:
        """Hand over what a template's role owns inside, also after a kill between cloning and this."""
        strangers = owners(connection, label) - {label}
        templates = [role for role in strangers if (role_label(connection, role) or {}).get("template")]
        if not templates:
            return
        with self._admin.connect(label) as inside:
            for role in sorted(templates):
                inside.execute(statement("reassign owned by {} to {}", role, label))
                inside.execute(statement("drop owned by {}", role))


def heads(connection: psycopg.Connection[Any]) -> frozenset[str]:
    """Revisions in the ``alembic_version`` of the database that the connection is to."""
    if connection.execute("select to_regclass('public.alembic_version')").fetchone() == (None,):
        return frozenset()
    rows = connection.execute("select version_num from public.alembic_version").fetchall()
    return frozenset(str(row[0]) for row in rows)


def _half_dropped(connection: psycopg.Connection[Any], database: str) -> bool:
    text = "select 1 from pg_database where datname = %s and datconnlimit = %s"
    return connection.execute(text, [database, HALF_DROPPED]).fetchone() is not None
