"""Runs rules on a copy of a database, as the copy's owner."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, LiteralString

from greenroom.domain.anonymise import Column, Fake, Kind, Rule, Rules
from greenroom.domain.errors import GreenroomError
from greenroom.domain.secret import Secret
from greenroom.drivers.postgres.columns import columns

if TYPE_CHECKING:
    import psycopg
    from psycopg import sql

HASHED: LiteralString = "encode(sha256(convert_to({salt} || {column}::text, 'UTF8')), 'hex')"
"""The salt is random and thrown away, so nobody can try values later; within a refresh equal values stay equal."""

FAKES: Mapping[Fake, LiteralString] = {
    Fake.EMAIL: "substr({hash}, 1, 16) || '@example.invalid'",
    Fake.NAME: "'Person ' || substr({hash}, 1, 8)",
    Fake.PHONE: "'+00 ' || translate(substr({hash}, 1, 8), 'abcdef', '012345')",
    Fake.STREET: "'Street ' || translate(substr({hash}, 1, 4), 'abcdef', '012345')",
    Fake.CITY: "'City ' || substr({hash}, 1, 4)",
    Fake.POSTCODE: "translate(substr({hash}, 1, 5), 'abcdef', '012345')",
    Fake.IP: "'192.0.2.' || (get_byte(decode(substr({hash}, 1, 2), 'hex'), 0))",
    Fake.TEXT: "'Text ' || substr({hash}, 1, 8)",
}
"""Addresses of a reserved name (RFC 6761) and network (RFC 5737): nobody gets mail, no host is meant."""


class PostgresAnonymiser:
    """See :class:`greenroom.ports.Anonymiser`.

    One UPDATE a table sets all of its columns. Batches would spare nobody a lock here, and a row that moves behind the
    next batch would be changed twice, so that equal values of two tables would not stay equal.
    """

    def columns(self, url: Secret) -> tuple[Column, ...]:
        with _connected(url) as connection:
            return columns(connection)

    def apply(self, url: Secret, rules: Rules) -> Mapping[str, int]:
        changed: dict[str, int] = {}
        with _connected(url) as connection:
            connection.execute("set session_replication_role = replica")
            if rules.script:
                _run_script(connection, rules.script)
            known = {column.key: column for column in columns(connection)}
            changed.update(_empty(connection, sorted(rules.emptied)))
            salt = secrets.token_hex(16)
            for table in rules.tables:
                by_column = rules.of_table(table)
                assignments = [
                    _assigned(known[f"{table}.{name}"], rule, salt) for name, rule in by_column.items()
                ]
                changed[table] = connection.execute(_update(table, assignments)).rowcount
        return changed


@contextmanager
def _connected(url: Secret) -> Iterator[psycopg.Connection[Any]]:
    import psycopg

    try:
        with psycopg.connect(url.reveal(), autocommit=True, connect_timeout=5) as connection:
            yield connection
    except psycopg.Error as error:
        raise GreenroomError(
            "anonymise", f"PostgreSQL refused: {str(error).strip()}", "correct the rules, then the same again"
        ) from error


def _run_script(connection: psycopg.Connection[Any], script: str) -> None:
    """The team's SQL, in one transaction."""
    with connection.transaction():
        connection.execute(script.encode())


def _empty(connection: psycopg.Connection[Any], tables: list[str]) -> dict[str, int]:
    """All in one statement: PostgreSQL refuses, naming the table, when one that stays refers to one of them."""
    from psycopg import sql

    rows = {}
    for table in tables:
        row = connection.execute(_on_table("select count(*) from {table}", table)).fetchone()
        rows[table] = row[0] if row else 0
    if tables:
        listed = sql.SQL(", ").join(_on_table("{table}", table) for table in tables)
        connection.execute(sql.SQL("truncate {}").format(listed))
    return rows


def _update(table: str, assignments: list[sql.Composed]) -> sql.Composed:
    from psycopg import sql

    return _on_table("update {table} set ", table) + sql.SQL(", ").join(assignments)


def _on_table(text: LiteralString, table: str) -> sql.Composed:
    from psycopg import sql

    schema, _, name = table.rpartition(".")
    return sql.SQL(text).format(table=sql.Identifier(schema or "public", name))


def _assigned(column: Column, rule: Rule, salt: str) -> sql.Composed:
    """``"email" = ...``: cut to the column's length and in its type."""
    from psycopg import sql

    name = sql.Identifier(column.name)
    value: sql.Composable = sql.Literal(rule.argument)
    if rule.kind is Kind.NULL:
        value = sql.SQL("null")
    elif rule.kind is not Kind.CONST:
        key = rule.argument if rule.kind is Kind.HASH else f"fake {rule.argument}"
        hashed = sql.SQL(HASHED).format(salt=sql.Literal(f"{salt} {key} "), column=name)
        text: LiteralString = "{hash}" if rule.kind is Kind.HASH else FAKES[Fake(rule.argument)]
        value = sql.SQL(text).format(hash=hashed)
        value = sql.SQL("left({}, {})").format(value, column.length) if column.length else value
        value = sql.SQL("case when {} is null then null else {} end").format(name, value)
    return sql.SQL("{} = cast({} as {})").format(name, value, sql.SQL(_type(column)))


def _type(column: Column) -> LiteralString:
    """The type's name, as PostgreSQL itself has spelled it; never somebody's text."""
    spelled: Any = column.type
    return spelled  # type: ignore[no-any-return]
