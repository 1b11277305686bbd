"""The build context, written from a finished build and from nothing else."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from greenroom.domain import ignoring
from greenroom.domain.ignoring import Ignoring

GIVEN = ".greenroom"
"""The folder of an own Dockerfile's context that holds what Greenroom adds: server, manifest.json, requirements.txt."""

UNSERVED = (".br", ".zst")
"""nginx as it is packaged serves ``.gz`` beside a file, and nothing else that is packed."""

Choose = Callable[[str], bool]


def write(build: Path, server: Path, target: Path, own: bool) -> None:
    """Write the context of the app's image. ``own``: laid out for the project's own Dockerfile, which copies ``.``."""
    given = target / GIVEN if own else target
    sources = target if own else target / "src"
    left_out = ignored(build)
    _copy(build / "src", sources, lambda path: not left_out.leaves_out(path))
    _copy(server, given / "server", lambda path: path.endswith(".py"))
    _file(build / "manifest.json", given / "manifest.json")
    _file(build / "requirements.lock", given / "requirements.txt")


def write_static(build: Path, conf: str, target: Path) -> None:
    """Write the context of the static image: this release's files under both names, packed only as nginx can serve it."""
    files = build / "static"

    def served(path: str) -> bool:
        plain, ending = os.path.splitext(path)  # noqa: PTH122 - the whole path without its ending, as text
        return ending not in UNSERVED or not (files / plain).is_file()

    _copy(files, target / "static", served)
    (target / "nginx.conf").write_text(conf, "utf-8")


def ignored(build: Path) -> Ignoring:
    """Greenroom's own list, and then the project's ``.dockerignore`` as it is in the release."""
    try:
        team = (build / "src" / ".dockerignore").read_text("utf-8", "replace")
    except FileNotFoundError:
        team = ""
    return ignoring.joined(ignoring.default().patterns, Ignoring.parse(team).patterns)


def hashed(lock: Path) -> bool:
    """Has every entry of the lock a hash, so that nothing else can be installed?"""
    lines = lock.read_text("utf-8").replace("\\\n", " ").splitlines()
    entries = [line for line in lines if line.strip() and not line.startswith(("#", "-"))]
    return all("--hash" in entry for entry in entries)


def _copy(source: Path, target: Path, wanted: Choose) -> None:
    """Copy files and links in the order of their names, with plain modes."""
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.rglob("*")):
        name = path.relative_to(source).as_posix()
        if (path.is_symlink() or not path.is_dir()) and wanted(name):
            _file(path, target / name)


def _file(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_symlink():
        target.symlink_to(source.readlink())
        return
    shutil.copyfile(source, target)
    target.chmod(0o755 if source.stat().st_mode & 0o100 else 0o644)
