"""The real disk; see :class:`greenroom.drivers.system.machine.Disk`."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


class RealDisk:
    """Each method is one or two system calls."""

    def read(self, path: Path, at: int = 0, most: int = -1) -> bytes:
        with path.open("rb") as file:
            file.seek(at)
            return file.read(most)

    def size(self, path: Path) -> int | None:
        try:
            return path.stat().st_size
        except (FileNotFoundError, NotADirectoryError):
            return None

    def exists(self, path: Path) -> bool:
        return path.exists()

    def is_folder(self, path: Path) -> bool:
        return path.is_dir()

    def room(self, folder: Path) -> int:
        left = os.statvfs(folder)
        return left.f_bavail * left.f_frsize

    def names(self, folder: Path) -> list[str]:
        try:
            return sorted(entry.name for entry in folder.iterdir())
        except (FileNotFoundError, NotADirectoryError):
            return []

    def target(self, link: Path) -> str | None:
        try:
            return str(link.readlink())
        except OSError:
            return None

    def make_folder(self, path: Path) -> None:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def create(self, path: Path, data: bytes, mode: int = 0o600) -> None:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
        with os.fdopen(fd, "wb") as file:
            file.write(data)

    def append(self, path: Path, data: bytes) -> None:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "ab") as file:
            file.write(data)

    def sync(self, path: Path) -> None:
        self._fsync(path, os.O_RDONLY)

    def sync_folder(self, folder: Path) -> None:
        self._fsync(folder, os.O_RDONLY | os.O_DIRECTORY)

    def _fsync(self, path: Path, flags: int) -> None:
        fd = os.open(path, flags | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def rename(self, source: Path, target: Path) -> None:
        source.replace(target)

    def link(self, path: Path, target: str) -> None:
        path.symlink_to(target)

    def hard_link(self, source: Path, path: Path) -> None:
        if not path.exists():
            os.link(source, path)

    def remove(self, path: Path) -> None:
        path.unlink(missing_ok=True)

    def remove_tree(self, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
