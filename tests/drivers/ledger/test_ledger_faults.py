"""The ledger's file when the machine refuses something: told as what it is, not as damage."""

from __future__ import annotations

import os
import resource
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.drivers.ledger.sqlite import SqliteLedger
from greenroom.drivers.system.clock import SystemClock


def ledger(folder: Path) -> SqliteLedger:
    return SqliteLedger(folder / "ledger.sqlite", SystemClock())


def refused(book: SqliteLedger) -> GreenroomError:
    with pytest.raises(GreenroomError) as caught:
        for _ in range(200):
            book.append("production", "run", text="x" * 2000)
    return caught.value


def test_a_file_that_may_not_grow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``max_page_count`` makes SQLite say SQLITE_FULL, as it does on a full disk."""
    connect = sqlite3.connect

    def small(*arguments: object, **more: object) -> sqlite3.Connection:
        db = connect(*arguments, **more)  # type: ignore[call-overload]
        db.execute("pragma max_page_count = 10")
        return db  # type: ignore[no-any-return]

    book = ledger(tmp_path)
    book.append("production", "run")
    monkeypatch.setattr(sqlite3, "connect", small)
    error = refused(book)
    assert (error.code, error.exit) == ("disk-full", Exit.FAILED)
    assert str(tmp_path / "ledger.sqlite") in error.message
    monkeypatch.undo()
    assert book.verify() > 1, "what was written before is whole"


def test_a_file_that_may_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect = sqlite3.connect
    book = ledger(tmp_path)
    book.append("production", "run")
    monkeypatch.setattr(
        sqlite3, "connect", lambda path, **more: connect(f"file:{path}?mode=ro", uri=True, **more)
    )
    error = refused(book)
    assert (error.code, error.exit) == ("read-only", Exit.FAILED)
    assert book.verify() == 1, "reading goes on"


def test_no_descriptor_left(tmp_path: Path) -> None:
    book = ledger(tmp_path)
    book.append("production", "run")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    held = os.open(tmp_path, os.O_RDONLY)
    os.close(held)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (held, before[1]))
        error = refused(book)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert (error.code, error.exit) == ("no-descriptors", Exit.FAILED)
    assert book.verify() == 1


def test_somebody_else_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect = sqlite3.connect
    book = ledger(tmp_path)
    book.append("production", "run")
    monkeypatch.setattr(sqlite3, "connect", lambda path, **more: connect(path, **{**more, "timeout": 0.05}))
    with closing(connect(tmp_path / "ledger.sqlite", isolation_level=None)) as other:
        other.execute("begin immediate")
        error = refused(book)
    assert (error.code, error.exit) == ("ledger-busy", Exit.FAILED)
    assert error.hint


def test_damage_is_still_damage(tmp_path: Path) -> None:
    book = ledger(tmp_path)
    book.append("production", "run")
    (tmp_path / "ledger.sqlite").write_bytes(b"no database at all, " * 300)
    error = refused(book)
    assert (error.code, error.exit) == ("ledger-unreadable", Exit.UNSAFE)
