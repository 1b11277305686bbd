"""Python environments, shared by content: one for each lock and Python.

An environment cannot be moved (its scripts name its path), so it is made in place and counts only once its marker is
there; without the marker it is removed and made again.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from greenroom.domain.errors import GreenroomError
from greenroom.drivers.builds import disk
from greenroom.drivers.builds.locks import Lock
from greenroom.drivers.builds.uv import Uv, clean
from greenroom.drivers.system.processes import run

MARKER = "complete"
"""The file that is written last."""

_ASK = (
    "import sys, sysconfig; print(sys.implementation.name, *sys.version_info[:2], sysconfig.get_platform(),"
    " sys.base_prefix)"
)


class Venvs:
    """The environments below one folder, for one Python (``tag`` as in :func:`python_tag`)."""

    def __init__(self, folder: Path, tag: str, home: str) -> None:
        self.folder = folder
        self._tag = tag
        self._home = home

    def path(self, lock: Lock) -> Path:
        """Where the environment for this lock lies, whether it is there or not."""
        key = f"venv/1\n{self._tag}\n{self._home}\n{lock.text}"
        return self.folder / hashlib.sha256(key.encode()).hexdigest()[:16]

    def ensure(self, lock: Lock, uv: Uv) -> tuple[Path, tuple[str, ...]]:
        """The environment, made if needed, and the warnings from its making. Call it under the builds' lock."""
        target = self.path(lock)
        if not whole(target):
            self._make(target, lock, uv)
        return target, tuple(json.loads((target / MARKER).read_text("utf-8"))["warnings"])

    def _make(self, target: Path, lock: Lock, uv: Uv) -> None:
        disk.remove(target)
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            uv.venv(target)
            (target / "requirements.lock").write_text(lock.text, "utf-8")
            uv.sync(target, target / "requirements.lock", require_hashes=lock.hashed)
            warnings = uv.check(target)
            os.sync()
            disk.write(target / MARKER, json.dumps({"warnings": warnings}).encode())
        except BaseException:
            disk.remove(target)
            raise

    def collect(self, used: frozenset[str]) -> tuple[str, ...]:
        """Remove the environments whose names are not in ``used``."""
        disk.sweep(self.folder)
        present = sorted(path.name for path in self.folder.glob("*"))
        unused = tuple(name for name in present if name not in used)
        for name in unused:
            disk.remove(self.folder / name)
        return unused


def whole(venv: Path) -> bool:
    """Was the making of this environment finished?"""
    return (venv / MARKER).is_file()


def python_tag(python: Path, environ: Mapping[str, str]) -> tuple[str, str]:
    """The Python's tag such as ``cp311-linux-x86_64``, and the folder it is installed in."""
    if python == Path(sys.executable):
        name, version = platform.python_implementation().lower(), sys.version_info
        return _tag(name, version.major, version.minor, sysconfig.get_platform()), sys.base_prefix
    done = run([str(python), "-I", "-S", "-c", _ASK], env=clean(environ), timeout=30)
    words = done.text.split(" ", 4)
    if not done.ok or len(words) != 5:
        raise GreenroomError("python", f"{python} is not a working Python", details=done.complaint)
    return _tag(words[0], words[1], words[2], words[3]), words[4]


def _tag(name: str, major: int | str, minor: int | str, system: str) -> str:
    return f"{'cp' if name == 'cpython' else name}{major}{minor}-{system}"
