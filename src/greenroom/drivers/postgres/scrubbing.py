"""Make a changed copy forget what it held before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenroom.drivers.postgres.admin import statement
from greenroom.drivers.postgres.columns import OWN

if TYPE_CHECKING:
    import psycopg

VIEWS = f"""
    select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'm' and {OWN} order by c.oid
"""  # noqa: S608 - our own text

TABLES = f"""
    select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'm') and (c.relispartition or {OWN}) order by c.oid
"""  # noqa: S608 - our own text

STATISTICS = ("pg_statistic", "pg_statistic_ext_data")
"""Catalogues that quote the most frequent values of every column."""


def scrub(connection: psycopg.Connection[Any]) -> None:
    """Write every table anew, so that no old version of a row stays in a file that a clone copies.

    Materialized views are filled from the changed tables first; statistics are taken afresh, then theirs are written anew.
    """
    for schema, view in connection.execute(VIEWS).fetchall():
        connection.execute(statement("refresh materialized view {}.{}", schema, view))
    for schema, table in connection.execute(TABLES).fetchall():
        connection.execute(statement("vacuum (full, analyze) {}.{}", schema, table))
    for catalogue in STATISTICS:
        connection.execute(statement("vacuum (full) {}.{}", "pg_catalog", catalogue))
