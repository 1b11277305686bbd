"""The ledger of a machine: one SQLite file. Each entry's hash covers the hash of the one before it."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from greenroom.domain.chain import chained, does_not_fit
from greenroom.domain.errors import Exit, GreenroomError, of_the_machine
from greenroom.ports import Clock, Entry

_SCHEMA = """
create table if not exists entry (
  seq integer primary key,
  at real not null,
  environment text not null,
  kind text not null,
  data text not null,
  hash text not null
);
create trigger if not exists no_update before update on entry begin select raise(abort, 'append only'); end;
create trigger if not exists no_delete before delete on entry begin select raise(abort, 'append only'); end;
"""


class SqliteLedger:
    """See :class:`greenroom.ports.Ledger`."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock

    def append(self, environment: str, kind: str, **data: Any) -> Entry:
        text = json.dumps(data, sort_keys=True)
        with self._open() as db:
            db.execute("begin immediate")
            row = db.execute("select seq, hash from entry order by seq desc limit 1").fetchone()
            seq, before = (row[0] + 1, row[1]) if row else (1, "")
            at = self._clock.now()
            digest = chained(before, seq, at, environment, kind, text)
            db.execute(
                "insert into entry values (?, ?, ?, ?, ?, ?)", (seq, at, environment, kind, text, digest)
            )
            db.execute("commit")
        return Entry(seq, at, environment, kind, data, digest)

    def entries(
        self, environment: str | None = None, kind: str | None = None, last: int | None = None
    ) -> tuple[Entry, ...]:
        query = (
            "select seq, at, environment, kind, data, hash from entry"
            " where (:environment is null or environment = :environment) and (:kind is null or kind = :kind)"
            " order by seq desc limit :last"
        )
        with self._open() as db:
            rows = db.execute(
                query, {"environment": environment, "kind": kind, "last": last or -1}
            ).fetchall()
            return tuple(Entry(r[0], r[1], r[2], r[3], json.loads(r[4]), r[5]) for r in reversed(rows))

    def verify(self) -> int:
        before, count = "", 0
        with self._open() as db:
            rows = db.execute("select seq, at, environment, kind, data, hash from entry order by seq")
            for seq, at, environment, kind, text, found in rows:
                count += 1
                if seq != count or chained(before, seq, at, environment, kind, text) != found:
                    raise does_not_fit(count)
                before = found
        return count

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            db = sqlite3.connect(self._path, timeout=10.0, isolation_level=None)
        except sqlite3.Error as error:
            raise _failed(self._path, error) from error
        try:
            db.execute("pragma synchronous = full")
            if not db.execute("select 1 from sqlite_master where name = 'entry'").fetchone():
                db.executescript(_SCHEMA)
            yield db
        except (sqlite3.DatabaseError, ValueError) as error:  # a damaged page may hold no text at all
            raise _failed(self._path, error) from error
        finally:
            db.close()


_REFUSED = {"SQLITE_FULL": errno.ENOSPC, "SQLITE_READONLY": errno.EROFS}
_IN_THE_WAY = ("SQLITE_CANTOPEN", "SQLITE_IOERR", *_REFUSED)


def _failed(path: Path, error: Exception) -> GreenroomError:
    """The machine refused something, somebody else writes, or the file is damaged."""
    name = getattr(error, "sqlite_errorname", None) or ""
    if name.startswith(_IN_THE_WAY):
        return of_the_machine(_behind(path, name))
    if name.startswith("SQLITE_BUSY"):
        return GreenroomError("ledger-busy", f"somebody else writes to the ledger {path}", "do it again")
    return GreenroomError(
        "ledger-unreadable",
        f"the ledger {path} cannot be read: {error}",
        "restore it from a backup",
        Exit.UNSAFE,
    )


def _behind(path: Path, name: str) -> OSError:
    """SQLite keeps the system's own number to itself: ask the system again."""
    for known, number in _REFUSED.items():
        if name.startswith(known):
            return OSError(number, os.strerror(number), str(path))
    try:
        os.close(os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY))
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        return error
    return OSError(errno.EIO, f"{name} at the ledger", str(path))
