"""The administrator's way into the server, and what both databases and templates need of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, LiteralString
from urllib.parse import quote

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.secret import Secret
from greenroom.drivers.postgres.server import PORT
from greenroom.ports import Clock

if TYPE_CHECKING:
    import psycopg
    from psycopg import sql

STARTING = ("starting up", "not yet accepting connections", "in recovery mode")
"""What a server says that recovers: it listens before it lets anybody in (SQLSTATE 57P03)."""
STARTING_SECONDS = 15.0
"""So long it is asked again."""

MAINTENANCE = "postgres"
"""The database from which the others are made and removed."""

Label = Mapping[str, Any]
"""What a comment of ours says about a database or role; ``greenroom`` is the project."""

HALF_DROPPED = -2
"""``datconnlimit`` of a database whose removal was interrupted: nobody gets in, only DROP DATABASE is left."""


class Admin:
    """The superuser's connections over the unix socket in ``sockets``. ``password`` gives the superuser's."""

    def __init__(self, sockets: Path, password: Callable[[], Secret], clock: Clock) -> None:
        self.sockets = sockets
        self.password = password
        self.clock = clock

    def url(self, role: str, password: Secret, database: str) -> Secret:
        """An address as libpq reads it."""
        host = quote(str(self.sockets), safe="")
        name, word = quote(role, safe=""), quote(password.reveal(), safe="")
        return Secret(f"postgresql://{name}:{word}@/{quote(database, safe='')}?host={host}&port={PORT}")

    @contextmanager
    def connect(self, database: str = MAINTENANCE) -> Iterator[psycopg.Connection[Any]]:
        """A connection in autocommit. Raises :class:`GreenroomError` for whatever the server refuses."""
        import psycopg

        try:
            with self._patiently(database) as connection:
                yield connection
        except psycopg.Error as error:
            raise GreenroomError(
                "database", f"PostgreSQL refused: {str(error).strip()}", "greenroom logs postgres"
            ) from error

    def _patiently(self, database: str) -> psycopg.Connection[Any]:
        import psycopg

        until = self.clock.monotonic() + STARTING_SECONDS
        while True:
            try:
                return self._open(database)
            except psycopg.OperationalError as error:
                if not any(word in str(error) for word in STARTING) or self.clock.monotonic() >= until:
                    raise GreenroomError(
                        "database", f"PostgreSQL does not let us in: {error}", "greenroom up", Exit.FAILED
                    ) from error
            self.clock.sleep(0.1)

    def _open(self, database: str) -> psycopg.Connection[Any]:
        import psycopg

        return psycopg.connect(
            host=str(self.sockets),
            port=PORT,
            user="postgres",
            password=self.password().reveal(),
            dbname=database,
            autocommit=True,
            connect_timeout=5,
        )


def said(text: str | None) -> Label:
    """What a comment says; nothing when it is somebody's prose."""
    try:
        found = json.loads(text or "")
    except ValueError:
        return {}
    return found if isinstance(found, dict) and "greenroom" in found else {}


def statement(text: LiteralString, /, *names: str, **literals: object) -> sql.Composed:
    """A statement whose ``{}`` are names and whose ``{key}`` are values, quoted."""
    from psycopg import sql

    values = {key: sql.Literal(value) for key, value in literals.items()}
    return sql.SQL(text).format(*(sql.Identifier(name) for name in names), **values)


def verifier(connection: psycopg.Connection[Any], role: str, password: Secret) -> str:
    """What the server keeps of a password, made here: the password itself never stands in a statement, or in its log."""
    made = connection.pgconn.encrypt_password(password.reveal().encode(), role.encode(), b"scram-sha-256")
    return made.decode()


def role_label(connection: psycopg.Connection[Any], role: str) -> Label | None:
    """What the comment on a role says; None when there is no such role."""
    row = connection.execute(
        "select shobj_description(oid, 'pg_authid') from pg_roles where rolname = %s", [role]
    ).fetchone()
    return said(row[0]) if row else None


def database_label(connection: psycopg.Connection[Any], database: str) -> Label | None:
    """What the comment on a database says; None when there is no such database."""
    row = connection.execute(
        "select shobj_description(oid, 'pg_database') from pg_database where datname = %s", [database]
    ).fetchone()
    return said(row[0]) if row else None


@contextmanager
def in_turn(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """One of us at a time changes rights in the catalogues that all databases share: two would make one fail there
    ("tuple concurrently updated"). The server ends our turn when we die."""
    connection.execute("select pg_advisory_lock(hashtextextended('greenroom rights', 0))")
    try:
        yield
    finally:
        connection.execute("select pg_advisory_unlock(hashtextextended('greenroom rights', 0))")


def keep_strangers_out(connection: psycopg.Connection[Any]) -> None:
    """Take from PUBLIC whatever it may do with any database: connect, and make temporary tables.

    The server is Greenroom's own, so this holds for ``postgres`` and ``template1`` too, and for databases that were
    made before; the owner's own privileges stay.
    """
    import psycopg

    open_to_all = """
        select datname from pg_database
        where exists (select from aclexplode(coalesce(datacl, acldefault('d', datdba))) where grantee = 0)
    """
    with in_turn(connection):
        for (name,) in connection.execute(open_to_all).fetchall():
            # Somebody else's may be dropped while we look.
            with suppress(psycopg.errors.InvalidCatalogName):
                connection.execute(statement("revoke all on database {} from public", name))


def owners(connection: psycopg.Connection[Any], database: str) -> set[str]:
    """The roles that own something inside a database (the superuser's own things are not listed)."""
    rows = connection.execute(
        """select distinct r.rolname from pg_shdepend d join pg_roles r on r.oid = d.refobjid
           where d.deptype = 'o' and d.refclassid = 'pg_authid'::regclass
             and d.dbid = (select oid from pg_database where datname = %s)""",
        [database],
    )
    return {row[0] for row in rows}


def drop_database(connection: psycopg.Connection[Any], database: str) -> None:
    """Remove a database, its sessions ended; one whose removal was interrupted too."""
    row = connection.execute("select datconnlimit from pg_database where datname = %s", [database]).fetchone()
    if row and row[0] != HALF_DROPPED:
        connection.execute(statement("alter database {} is_template false", database))
    if row:
        connection.execute(statement("drop database if exists {} with (force)", database))


def drop_role(admin: Admin, connection: psycopg.Connection[Any], role: str) -> None:
    """Remove a role, wherever it still owns something or was granted something.

    What it owns in another database is handed to that database's owner: it is part of somebody else's data.
    """
    if role_label(connection, role) is None:
        return
    for database, owner, is_open in _depending(connection, role):
        connection.execute(statement("revoke all on database {} from public", database))
        connection.execute(statement("alter database {} allow_connections true", database))
        with admin.connect(database) as inside:
            inside.execute(statement("reassign owned by {} to {}", role, owner))
            inside.execute(statement("drop owned by {}", role))
        connection.execute(statement("alter database {} allow_connections {open}", database, open=is_open))
    with in_turn(connection):
        connection.execute(statement("reassign owned by {} to postgres", role))
        connection.execute(statement("drop owned by {}", role))
        connection.execute(statement("drop role {}", role))


def _depending(connection: psycopg.Connection[Any], role: str) -> list[tuple[str, str, bool]]:
    """Databases in which something depends on a role: name, owner, and whether one may connect."""
    rows = connection.execute(
        """select distinct b.datname, case when b.datdba = r.oid then 'postgres' else o.rolname end, b.datallowconn
           from pg_shdepend d join pg_roles r on r.oid = d.refobjid
           join pg_database b on b.oid = d.dbid join pg_roles o on o.oid = b.datdba
           where d.refclassid = 'pg_authid'::regclass and r.rolname = %s and b.datconnlimit <> %s""",
        [role, HALF_DROPPED],
    )
    return [(row[0], row[1], row[2]) for row in rows]
