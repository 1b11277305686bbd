"""Folders that appear at once or not at all."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

TEMPORARY = ".tmp-"
"""Begins the name of everything unfinished; who holds the lock may remove it."""


@contextmanager
def exclusive(path: Path, waiting: Callable[[], None]) -> Iterator[int]:
    """Hold the lock file; calls ``waiting`` once when another holds it, and gives its descriptor.

    A child that inherits the descriptor holds the lock too: what a killed build has left running is waited for.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def write(path: Path, content: bytes) -> None:
    """Write a small file so that after a crash it is there whole or not at all."""
    unfinished = path.with_name(TEMPORARY + path.name)
    with unfinished.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make the names in a folder survive a crash."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def settle(unfinished: Path, final: Path) -> None:
    """Give a finished folder its name, after everything in it has reached the disk."""
    os.sync()
    unfinished.rename(final)
    sync_folder(final.parent)


def freeze(folder: Path) -> None:
    """Take away everybody's right to write to the files in it; the folders can still be removed by hand."""
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            path.chmod(path.stat().st_mode & ~0o222)


def remove(folder: Path) -> None:
    """Remove a folder, also a frozen one; from the first moment on it is no longer found under its name."""
    if not folder.is_symlink() and not folder.exists():
        return
    if not folder.name.startswith(TEMPORARY):
        doomed = folder.with_name(f"{TEMPORARY}gone-{folder.name}")
        remove(doomed)
        folder = folder.rename(doomed)
    if folder.is_symlink() or not folder.is_dir():
        folder.unlink()
        return
    for place, _, _ in os.walk(folder):
        Path(place).chmod(0o700)
    shutil.rmtree(folder)


def sweep(folder: Path) -> None:
    """Remove what killed writers have left in the folder."""
    for path in folder.glob(f"{TEMPORARY}*"):
        remove(path)
