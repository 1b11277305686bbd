"""Copy a database while others use it, by dump and restore."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path
from urllib.parse import unquote, urlsplit

from greenroom.domain.errors import GreenroomError
from greenroom.domain.secret import Secret
from greenroom.drivers.postgres.admin import Admin, statement
from greenroom.drivers.postgres.server import PORT, binaries
from greenroom.drivers.system.files import private_folder
from greenroom.drivers.system.processes import run
from greenroom.drivers.system.spawn import plain_environment

JOBS = 2
"""Processes of a dump and of a restore: the app shares the machine with them."""

DUMP = (
    *(
        "--format=directory",
        f"--jobs={JOBS}",
        "--compress=gzip:1",
        "--no-password",
        "--lock-wait-timeout=30s",
    ),
    *(
        "--no-owner",
        "--no-acl",
        "--no-statistics",
        "--no-large-objects",
        "--no-publications",
        "--no-subscriptions",
    ),
)
"""Without statistics, which quote values, and without large objects, which no rule reaches."""


class Copier:
    """Dumps go into ``scratch``, a folder of this one target's own."""

    def __init__(self, admin: Admin, scratch: Path) -> None:
        self._admin = admin
        self._scratch = scratch

    def copy(self, source: str, target: str, url: Secret) -> None:
        """Fill the empty ``target`` as its owner, whose address is ``url``: everything then belongs to that role.

        The restore has no more rights than the owner, so nothing that an app put into its schema runs as superuser.
        """
        folder = private_folder(self._scratch / secrets.token_hex(8))
        try:
            self._tool("pg_dump", *DUMP, f"--file={folder / 'dump'}", source, password=self._admin.password())
            made = self._make_extensions(source, target)
            listed = self._tool("pg_restore", "--list", str(folder / "dump"))
            (folder / "list").write_text(_ours(listed, made))
            self._restore(folder, target, url)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def clean(self) -> None:
        """Remove what killed copies left."""
        if self._scratch.exists():
            shutil.rmtree(self._scratch)

    def _restore(self, folder: Path, target: str, url: Secret) -> None:
        part = urlsplit(url.reveal())
        role, password = unquote(part.username or ""), Secret(unquote(part.password or ""))
        options = (
            "--no-owner",
            "--no-acl",
            "--exit-on-error",
            f"--jobs={JOBS}",
            f"--use-list={folder / 'list'}",
        )
        user = (f"--username={role}", f"--dbname={target}")
        self._tool("pg_restore", *options, *user, str(folder / "dump"), password=password)

    def _make_extensions(self, source: str, target: str) -> set[str]:
        """Those that an ordinary owner may not make, in their schemas; what was made, as ``EXTENSION name``."""
        with self._admin.connect(source) as connection:
            rows = connection.execute(
                """select e.extname, n.nspname from pg_extension e join pg_namespace n on n.oid = e.extnamespace
                   join pg_available_extension_versions v on v.name = e.extname and v.version = e.extversion
                   where not v.trusted and e.extname <> 'plpgsql' order by e.oid"""
            ).fetchall()
        with self._admin.connect(target) as connection:
            for name, schema in rows:
                connection.execute(
                    statement("create schema if not exists {} authorization {}", schema, target)
                )
                connection.execute(statement("create extension if not exists {} schema {}", name, schema))
        return {f"EXTENSION {name}" for name, _ in rows} | {f"SCHEMA {schema}" for _, schema in rows}

    def _tool(self, name: str, *arguments: str, password: Secret | None = None) -> str:
        env = {
            **plain_environment(),
            "PGHOST": str(self._admin.sockets),
            "PGPORT": str(PORT),
            "PGUSER": "postgres",
        }
        if password is not None:
            env["PGPASSWORD"] = password.reveal()
        done = run((str(binaries() / name), *arguments), env=env)
        if not done.ok:
            raise GreenroomError("copy", f"{name} failed: {done.complaint[-800:]}", "greenroom logs postgres")
        return done.text


def _ours(listed: str, made: set[str]) -> str:
    """The list of what to restore, without what the owner may not make or what is there already."""
    kept = [line for line in listed.splitlines() if not _is_skipped(line, made)]
    return "\n".join(kept) + "\n"


def _is_skipped(line: str, made: set[str]) -> bool:
    """``217; 1259 16390 TABLE public users shop``: behind two numbers the kind, the schema, the name, the owner."""
    entry = line.partition("; ")[2].partition(" ")[2].partition(" ")[2]
    kind, _, rest = entry.removeprefix("COMMENT - ").partition(" ")
    named = rest.removeprefix("- ").partition(" ")[0]
    return entry.startswith("EVENT TRIGGER") or f"{kind} {named}" in made
