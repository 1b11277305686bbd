"""Files that are there whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from greenroom.domain.errors import Exit, GreenroomError


def fsync_folder(folder: Path) -> None:
    """Make renames in ``folder`` durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def write_whole(path: Path, text: str, mode: int = 0o600) -> None:
    """Write a file by temporary name, fsync, rename, fsync of the folder."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    fsync_folder(path.parent)


def write_json(path: Path, data: Mapping[str, Any], mode: int = 0o600) -> None:
    """Write a JSON object whole."""
    write_whole(path, json.dumps(data, indent=1, sort_keys=True) + "\n", mode)


def read_json(path: Path) -> dict[str, Any] | None:
    """Read a JSON object; None when the file is not there.

    Raises :class:`GreenroomError` (exit 5) naming the file when it is there and damaged.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (ValueError, UnicodeDecodeError) as error:
        raise _damaged(path, str(error)) from error
    if not isinstance(data, dict):
        raise _damaged(path, "not an object")
    return data


def _damaged(path: Path, why: str) -> GreenroomError:
    return GreenroomError(
        "state-damaged",
        f"the state file {path} is damaged: {why}",
        "greenroom status shows what runs; move the file away and run: greenroom up",
        Exit.UNSAFE,
    )


def replace_link(link: Path, target: str) -> None:
    """Point a symbolic link elsewhere by one rename; not durable until :func:`fsync_folder`."""
    temporary = link.with_name(f".{link.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target)
    temporary.replace(link)


def private_folder(path: Path) -> Path:
    """Make a folder (with its parents) that only its owner may enter."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path
