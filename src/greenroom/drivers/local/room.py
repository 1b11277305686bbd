"""Is there room on the disk?"""

from __future__ import annotations

from pathlib import Path

from greenroom.drivers.system.machine import Disk

LITTLE_ROOM = 1 << 20
"""Bytes; with less PostgreSQL can write no next segment, and nobody a log."""


def no_room(folder: Path, disk: Disk) -> str:
    """The cause when nothing has been logged because there was no room for that either; an empty text if there is."""
    return "the disk is full" if disk.room(folder) < LITTLE_ROOM else ""
