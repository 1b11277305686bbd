"""Clone a database file by file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from greenroom.drivers.postgres.admin import statement

if TYPE_CHECKING:
    import psycopg

METHODS = ("clone", "copy")
"""Values of ``file_copy_method``, the best first. ``clone`` lets the file system share blocks (XFS, Btrfs) or at least
copies in the kernel (ext4); ``copy`` reads and writes, and works everywhere."""


def clone(
    connection: psycopg.Connection[Any],
    source: str,
    target: str,
    owner: str,
    methods: Sequence[str] = METHODS,
) -> str:
    """Make ``target`` a copy of ``source`` that nobody may connect to yet; the method that worked.

    Always ``STRATEGY file_copy``: the default, ``wal_log``, writes every block to the log as well. Whether blocks can
    be cloned only trying tells: a file system may refuse, a server before 18 does not know the setting. PostgreSQL
    takes a failed try back by itself; when the last method fails too, its psycopg.Error says what was really wrong.
    """
    import psycopg

    for method in methods[:-1]:
        try:
            _clone(connection, source, target, owner, method)
        except psycopg.Error:
            if connection.closed:
                raise
        else:
            return method
    _clone(connection, source, target, owner, methods[-1])
    return methods[-1]


def _clone(connection: psycopg.Connection[Any], source: str, target: str, owner: str, method: str) -> None:
    known = "select set_config(name, %s, false) from pg_settings where name = 'file_copy_method'"
    connection.execute(known, [method])
    text = "create database {} owner {} template {} strategy file_copy allow_connections false"
    connection.execute(statement(text, target, owner, source))
