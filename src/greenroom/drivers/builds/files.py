"""``files.json``: what the builder wrote into a release's sources, to be compared with what is there later."""

from __future__ import annotations

import json
from pathlib import Path

from greenroom.domain.inspected import Strays

FILES = "files.json"
COMPILED = "__pycache__"


def listed(folder: Path) -> dict[str, list[int]]:
    """Size and time of the last change (nanoseconds) of every file below ``folder``, compiled Python left out."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if COMPILED not in path.parts and (path.is_symlink() or not path.is_dir()):
            stat = path.lstat()
            found[path.relative_to(folder).as_posix()] = [stat.st_size, stat.st_mtime_ns]
    return found


def strays(build: Path) -> Strays | None:
    """How the sources of a build differ from its list; None without a list (an older Greenroom built it)."""
    try:
        then: dict[str, list[int]] = json.loads((build / FILES).read_bytes())
    except (OSError, ValueError):
        return None
    now = listed(build / "src")
    return Strays(
        appeared=tuple(sorted(now.keys() - then.keys())),
        changed=tuple(sorted(p for p in now.keys() & then.keys() if now[p] != then[p])),
        vanished=tuple(sorted(then.keys() - now.keys())),
    )
