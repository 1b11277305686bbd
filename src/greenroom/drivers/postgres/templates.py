"""Templates: copies of an environment's database that new ones are cloned from."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from greenroom.domain.anonymise import Column
from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.secret import Secret
from greenroom.drivers.postgres.admin import (
    Admin,
    Label,
    database_label,
    drop_database,
    drop_role,
    in_turn,
    keep_strangers_out,
    role_label,
    said,
    statement,
    verifier,
)
from greenroom.drivers.postgres.columns import columns
from greenroom.drivers.postgres.copying import Copier
from greenroom.drivers.postgres.database import heads
from greenroom.drivers.postgres.scrubbing import scrub
from greenroom.drivers.postgres.template_names import NEW, OLD, template_label
from greenroom.ports import Template

if TYPE_CHECKING:
    import psycopg


class Templates:
    """See :class:`greenroom.ports.Templates`. ``label`` names an environment's database; ``scratch`` holds dumps.

    A refresh makes everything under ``<template>.new``: a role, then a database of that role, filled from a dump of
    the source. The last step is one transaction that seals the copy and swaps the names, so before it the old template
    is whole and after it the new one. What a kill leaves under ``.new`` or ``.old`` the next refresh removes.
    Inside, everything belongs to the template's role, which owns nothing elsewhere and cannot log in: the database
    itself is the superuser's, so that ``REASSIGN OWNED`` in a clone touches that clone alone.
    """

    def __init__(self, project: str, admin: Admin, label: Callable[[str], str], scratch: Path) -> None:
        self._project = project
        self._admin = admin
        self._label = label
        self._scratch = scratch

    def columns(self, environment: str) -> tuple[Column, ...]:
        with self._source(environment) as source, self._admin.connect(source) as connection:
            return columns(connection)

    def refresh(self, name: str, source: str, prepare: Callable[[Secret], object]) -> None:
        label = template_label(self._project, name)
        with self._alone(label) as connection, self._source(source) as database:
            self._clean(connection, label)
            try:
                about = self._fill(connection, label, {"template": name, "source": source}, database, prepare)
                self._swap(connection, label, self._text(about))
            finally:
                # What is not a template is a copy of personal data.
                self._clean(connection, label)

    def list(self) -> tuple[Template, ...]:
        with self._admin.connect() as connection:
            rows = connection.execute(
                """select datname, shobj_description(oid, 'pg_database'), pg_database_size(oid),
                          shobj_description(datdba, 'pg_authid') from pg_database order by datname"""
            ).fetchall()
        found: dict[str, Template] = {}
        for database, text, size, owner in rows:
            label = said(text) or said(owner)
            if label.get("greenroom") == self._project and "template" in label:
                made = _template(label, size, database == template_label(self._project, label["template"]))
                if made.whole or made.name not in found:
                    found[made.name] = made
        return tuple(found.values())

    def remove(self, name: str) -> None:
        label = template_label(self._project, name)
        with self._alone(label) as connection:
            self._clean(connection, label)
            self._drop(connection, label)

    @contextmanager
    def _alone(self, label: str) -> Iterator[psycopg.Connection[Any]]:
        """A connection that holds the template's lock; the server frees it when we die."""
        with self._admin.connect() as connection:
            row = connection.execute(
                "select pg_try_advisory_lock(hashtextextended(%s, 0))", [label]
            ).fetchone()
            if row != (True,):
                raise GreenroomError(
                    "locked", f"another command is changing template {label}", "wait for it", Exit.LOCKED
                )
            yield connection

    @contextmanager
    def _source(self, environment: str) -> Iterator[str]:
        """The environment's database. Raises (exit 2) when it has none."""
        database = self._label(environment)
        with self._admin.connect() as connection:
            if database_label(connection, database) is None:
                raise GreenroomError(
                    "no-database", f"environment {environment} has no database", "greenroom up", Exit.USAGE
                )
        yield database

    def _fill(
        self,
        connection: psycopg.Connection[Any],
        label: str,
        about: Label,
        source: str,
        prepare: Callable[[Secret], object],
    ) -> Label:
        """Make and change the copy; what to say of it."""
        url = self._make(connection, label, about)
        self._copier(label).copy(source, label + NEW, url)
        prepare(url)
        with self._admin.connect(label + NEW) as inside:
            scrub(inside)
            found = sorted(heads(inside))
        return {**about, "heads": found, "at": round(self._admin.clock.now())}

    def _make(self, connection: psycopg.Connection[Any], label: str, about: Label) -> Secret:
        """An empty copy with a role of its own; the address of the copy as that role."""
        fresh, password = label + NEW, Secret(secrets.token_urlsafe(24))
        with connection.transaction():
            text = "create role {} login password {password}"
            connection.execute(statement(text, fresh, password=verifier(connection, fresh, password)))
            connection.execute(statement("comment on role {} is {text}", fresh, text=self._text(about)))
        # Rules must not set off the app's own triggers, which might write old values elsewhere.
        with in_turn(connection):
            connection.execute(statement("grant set on parameter session_replication_role to {}", fresh))
        make = "create database {} owner {} template template0 allow_connections false"
        connection.execute(statement(make, fresh, fresh))
        keep_strangers_out(connection)
        connection.execute(statement("alter database {} allow_connections true", fresh))
        return self._admin.url(fresh, password, fresh)

    def _swap(self, connection: psycopg.Connection[Any], label: str, text: str) -> None:
        fresh, old = label + NEW, label + OLD
        connection.execute(statement("alter role {} nologin password null", fresh))
        with in_turn(connection):
            connection.execute(statement("revoke set on parameter session_replication_role from {}", fresh))
        connection.execute(statement("alter database {} allow_connections false", fresh))
        connection.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = %s", [fresh]
        )
        with connection.transaction():
            connection.execute(statement("alter database {} owner to postgres", fresh))
            connection.execute(statement("alter database {} is_template true", fresh))
            connection.execute(statement("comment on database {} is {text}", fresh, text=text))
            for kind in ("database", "role"):
                if (database_label if kind == "database" else role_label)(connection, label) is not None:
                    connection.execute(statement(_RENAME[kind], label, old))
                connection.execute(statement(_RENAME[kind], fresh, label))

    def _clean(self, connection: psycopg.Connection[Any], label: str) -> None:
        for leftover in (label + NEW, label + OLD):
            self._drop(connection, leftover)
        self._copier(label).clean()

    def _drop(self, connection: psycopg.Connection[Any], name: str) -> None:
        drop_database(connection, name)
        drop_role(self._admin, connection, name)

    def _copier(self, label: str) -> Copier:
        return Copier(self._admin, self._scratch / label)

    def _text(self, about: Label) -> str:
        return json.dumps({"greenroom": self._project, **about})


_RENAME = {"database": "alter database {} rename to {}", "role": "alter role {} rename to {}"}


def _template(label: Label, size: int, whole: bool) -> Template:
    listed: list[str] = label.get("heads", [])
    return Template(
        label["template"], label.get("source", ""), size, frozenset(listed), label.get("at"), whole
    )
