"""Files that are there whole or not at all, after a crash of the machine too."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.drivers.system.disk import RealDisk
from greenroom.drivers.system.machine import Disk

REAL = RealDisk()


def write_whole(path: Path, text: str, mode: int = 0o600, disk: Disk = REAL) -> None:
    """Write a file by temporary name, fsync, rename, fsync of the folder."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        disk.create(temporary, text.encode(), mode)
        disk.sync(temporary)
        disk.rename(temporary, path)
    except OSError:
        with suppress(OSError):
            disk.remove(temporary)
        raise
    disk.sync_folder(path.parent)


def write_json(path: Path, data: Mapping[str, Any], mode: int = 0o600, disk: Disk = REAL) -> None:
    """Write a JSON object whole."""
    write_whole(path, json.dumps(data, indent=1, sort_keys=True) + "\n", mode, disk)


def read_json(path: Path, disk: Disk = REAL) -> dict[str, Any] | None:
    """Read a JSON object; None when the file is not there.

    Raises :class:`GreenroomError` (exit 5) naming the file when it is there and damaged.
    """
    try:
        data = json.loads(disk.read(path))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, RecursionError) as error:
        raise damaged(path, str(error)) from error
    if not isinstance(data, dict):
        raise damaged(path, "not an object")
    return data


def damaged(path: Path, why: str) -> GreenroomError:
    """The error (exit 5) for a state file that says nothing sensible."""
    return GreenroomError(
        "state-damaged",
        f"the state file {path} is damaged: {why}",
        "greenroom status shows what runs; move the file away and run: greenroom up",
        Exit.UNSAFE,
    )


def replace_link(link: Path, target: str, disk: Disk = REAL) -> None:
    """Point a symbolic link elsewhere by one rename; not durable until ``Disk.sync_folder``."""
    temporary = link.with_name(f".{link.name}.{os.getpid()}")
    disk.remove(temporary)
    disk.link(temporary, target)
    disk.rename(temporary, link)


def private_folder(path: Path, disk: Disk = REAL) -> Path:
    """Make a folder (with its parents) that only its owner may enter."""
    disk.make_folder(path)
    return path
