"""A lock of the kernel's: who looks at it, who takes it, whose death frees it."""

from __future__ import annotations

import fcntl
import threading
from pathlib import Path

from greenroom.drivers.system.locks import RealLocks


def test_one_holds_it_and_a_look_sees_it(tmp_path: Path) -> None:
    locks, path = RealLocks(), tmp_path / "lease"
    assert locks.is_free(path)
    taken = locks.take(path, "a deploy")
    assert taken is not None
    assert path.read_text() == "a deploy"
    assert not locks.is_free(path)
    assert locks.take(path, "another") is None
    taken.release()
    assert locks.is_free(path)
    assert path.read_text() == ""


def test_who_only_looks_sends_no_taker_away(tmp_path: Path) -> None:
    """A look is a shared lock that is held for a moment; here the moment is a long one."""
    locks, path = RealLocks(), tmp_path / "lease"
    path.touch()
    with path.open() as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        threading.Timer(0.1, fcntl.flock, (looking, fcntl.LOCK_UN)).start()
        taken = locks.take(path, "a deploy")
    assert taken is not None
    taken.release()
