"""What the service remembers for a moment: things that may be used once, and failed attempts. In SQLite.

A file, so that a restart of the service forgets no sign-in that is under way; it holds digests and names, no secret.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

BUSY_SECONDS = 5.0
MOST_KEPT = 10_000
"""So many unused things of one kind are kept; beyond it the oldest go: strangers can begin a sign-in, too."""

SCHEMA = """
create table if not exists once (kind text, digest text primary key, data text, expires real) without rowid;
create index if not exists once_by_age on once (kind, expires);
create table if not exists failed (who text, at real);
create index if not exists failed_by_who on failed (who, at);
"""


def digest(secret: str) -> str:
    """SHA-256 in hex: enough for secrets of 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()


class Memory:
    """``now`` gives seconds since the epoch."""

    def __init__(self, path: Path, now: Callable[[], float]) -> None:
        self._path, self._now = path, now
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            self._make()
        except sqlite3.DatabaseError:
            # Damaged by a crash of the machine: what it held was for a minute.
            path.unlink()
            self._make()

    def _make(self) -> None:
        self._path.touch(mode=0o600)
        db = sqlite3.connect(self._path, timeout=BUSY_SECONDS)
        try:
            db.executescript(SCHEMA)
        finally:
            db.close()

    def put(self, kind: str, data: Mapping[str, Any], seconds: float) -> str:
        """Keep ``data`` for so long; the secret that gives it back, once."""
        secret = secrets.token_urlsafe(32)
        now = self._now()
        with self._open() as db:
            db.execute("delete from once where expires < ?", (now,))
            db.execute(
                "delete from once where digest in"
                " (select digest from once where kind = ? order by expires desc limit -1 offset ?)",
                (kind, MOST_KEPT - 1),
            )
            row = (kind, digest(secret), json.dumps(data), now + seconds)
            db.execute("insert into once values (?, ?, ?, ?)", row)
        return secret

    def take(self, kind: str, secret: str) -> dict[str, Any] | None:
        """What was kept under that secret, which is used up by it; None when it is unknown, used or too old."""
        with self._open() as db:
            rows = db.execute(
                "delete from once where kind = ? and digest = ? returning data, expires",
                (kind, digest(secret)),
            ).fetchall()
        if not rows or rows[0][1] < self._now():
            return None
        found: dict[str, Any] = json.loads(rows[0][0])
        return found

    def failed(self, *who: str) -> None:
        """Count a failed attempt for each of these."""
        now = self._now()
        with self._open() as db:
            db.executemany("insert into failed values (?, ?)", [(w, now) for w in who])

    def failures(self, who: str, within: float) -> int:
        """Failed attempts in the last so many seconds."""
        since = self._now() - within
        with self._open() as db:
            db.execute("delete from failed where at < ?", (since,))
            found = db.execute("select count(*) from failed where who = ? and at >= ?", (who, since))
            return int(found.fetchone()[0])

    def forgive(self, *who: str) -> None:
        """Forget the failures of these."""
        with self._open() as db:
            db.executemany("delete from failed where who = ?", [(w,) for w in who])

    def undo(self, who: str) -> None:
        """Take back the last failure that was counted."""
        with self._open() as db:
            last = "select max(rowid) from failed where who = ?"
            db.execute(f"delete from failed where rowid = ({last})", (who,))  # noqa: S608 - both are ours

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        db = sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            db.execute("pragma synchronous = off")
            db.execute("begin immediate")
            yield db
            if db.in_transaction:
                db.execute("commit")
        finally:
            db.close()
