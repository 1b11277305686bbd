"""The lease: a lock of the kernel's, so the death of its holder frees it."""

from __future__ import annotations

import fcntl
import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.drivers.system.proc import end, identify
from greenroom.ports import Clock, Holder


class FileLock:
    """flock(2) on a file that says who holds it. Not inherited by children."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd: int | None = None

    def try_take(self, what: str, since: float = 0.0) -> bool:
        """Take it if it is free."""
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return False
        os.ftruncate(fd, 0)
        os.pwrite(fd, json.dumps({"what": what, "pid": os.getpid(), "since": since}).encode(), 0)
        self._fd = fd
        return True

    def release(self) -> None:
        """Give it back."""
        if self._fd is not None:
            os.ftruncate(self._fd, 0)
            os.close(self._fd)
            self._fd = None

    def is_free(self) -> bool:
        """Could it be taken now?"""
        try:
            fd = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return True
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            os.close(fd)
        return True

    def note(self) -> dict[str, object]:
        """What the holder wrote about itself."""
        try:
            data = json.loads(self._path.read_text() or "{}")
        except (OSError, ValueError):
            return {}
        return data if isinstance(data, dict) else {}


class LocalLease:
    """See :class:`greenroom.ports.Lease`."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock

    @contextmanager
    def hold(self, what: str, wait: float) -> Iterator[None]:
        lock = FileLock(self._path)
        until = self._clock.now() + wait
        while not lock.try_take(what, self._clock.now()):
            if self._clock.now() >= until and not self._brief(lock, until):
                raise self._locked()
            self._clock.sleep(0.05)
        try:
            yield
        finally:
            lock.release()

    def _brief(self, lock: FileLock, until: float) -> bool:
        """Due work takes moments: nobody is sent away for it, up to ten seconds."""
        return lock.note().get("what") == "due work" and self._clock.now() < until + 10.0

    def holder(self) -> Holder | None:
        lock = FileLock(self._path)
        if lock.is_free():
            return None
        note = lock.note()
        since = note.get("since")
        return Holder(
            str(note.get("what", "a command")),
            f"process {note.get('pid', '?')}",
            float(since) if isinstance(since, (int, float)) else 0.0,
        )

    def free(self) -> Holder | None:
        holder = self.holder()
        pid = FileLock(self._path).note().get("pid")
        known = identify(pid) if holder and isinstance(pid, int) else None
        if known is not None:
            end(known, signal.SIGTERM, 5.0)
        return holder

    def _locked(self) -> GreenroomError:
        holder = self.holder()
        if holder is None:
            return GreenroomError("locked", "the lock was taken and freed just now", "try again", Exit.LOCKED)
        age = self._clock.now() - holder.since
        return GreenroomError(
            "locked",
            f"{holder.what} is running ({holder.who}, for {age:.0f} s)",
            "wait for it with --wait 60, or end it with: greenroom unlock",
            Exit.LOCKED,
        )
