"""flock(2); see :class:`greenroom.drivers.system.machine.Locks`."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path

LOOKS_SECONDS = 1.0
"""How long a taker bears with those who only look: a frozen one must not keep it out without a word."""


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


def _try(fd: int, kind: int) -> bool:
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _only_looked_at(fd: int) -> bool:
    """Is it in the way of nobody but those who look (a shared lock, for a moment)?"""
    shared = _try(fd, fcntl.LOCK_SH)
    if shared:
        fcntl.flock(fd, fcntl.LOCK_UN)
    return shared


def _take(fd: int) -> bool:
    """A look at the lock must not send its taker away, so a taker goes on while nobody holds it."""
    until = time.monotonic() + LOOKS_SECONDS
    while not _try(fd, fcntl.LOCK_EX):
        if not _only_looked_at(fd) or time.monotonic() > until:
            return False
        time.sleep(0.001)
    return True


class RealLocks:
    """The kernel frees a lock with its holder."""

    def take(self, path: Path, note: str) -> RealTaken | None:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if not _take(fd):
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
