"""flock(2); see :class:`greenroom.drivers.system.machine.Locks`."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path


class RealTaken:
    """The open descriptor is the lock."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def release(self) -> None:
        with suppress(OSError):
            os.ftruncate(self._fd, 0)
        os.close(self._fd)


def _is_file(fd: int, path: Path) -> bool:
    mine = os.fstat(fd)
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    return (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino)


class RealLocks:
    """The kernel frees a lock with its holder."""

    def take(self, path: Path, note: str) -> RealTaken | None:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return None
        if not _is_file(fd, path):
            os.close(fd)  # its holder has removed the file meanwhile: this is the lock of nothing
            return None
        with suppress(OSError):  # a full disk has no room for the note; the lock needs none
            os.ftruncate(fd, 0)
            os.pwrite(fd, note.encode(), 0)
        return RealTaken(fd)

    def is_free(self, path: Path) -> bool:
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)  # looking must work where nothing may be written
        except FileNotFoundError:
            return True
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            os.close(fd)
        return True
