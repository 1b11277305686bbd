"""Logs: one file a unit, each with a byte quota; reading and following them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from greenroom.drivers.local.layout import Layout
from greenroom.drivers.system.machine import Disk, Machine
from greenroom.ports import LogQuery

QUOTA_BYTES = 20_000_000
"""Per unit: the file and the one before it together stay at about this size."""


TAIL_BYTES = 1 << 18
"""How far back the last lines of a log are looked for."""


def keep_quota(folder: Path, disk: Disk, quota: int = QUOTA_BYTES) -> None:
    """Copy logs that have grown over half the quota to ``.1`` and empty them.

    The writer keeps its O_APPEND descriptor; lines written between copy and cut are lost, which is the price of
    writers that know nothing of rotation.
    """
    for name in disk.names(folder):
        if not name.endswith(".log") or name == "access.log":  # the edge rotates its own
            continue
        log = folder / name
        with contextlib.suppress(OSError):
            if (disk.size(log) or 0) > quota // 2:
                disk.create(log.with_suffix(".log.1"), disk.read(log))
                disk.create(log, b"")


def tail(path: Path, lines: int, disk: Disk) -> list[str]:
    """The last lines of a file; none when it is not there."""
    size = disk.size(path)
    if size is None or lines <= 0:
        return []
    at = max(0, size - TAIL_BYTES)
    found = disk.read(path, at).decode("utf-8", "replace").splitlines()
    return found[-lines:] if at == 0 else found[1:][-lines:]


class LocalLogs:
    """See :class:`greenroom.ports.Logs`."""

    def __init__(self, layout: Layout, machine: Machine) -> None:
        self._layout = layout
        self._disk = machine.disk
        self._clock = machine.clock

    def units(self, environment: str) -> list[str]:
        names = self._disk.names(self._layout.root / "logs")
        return sorted(name.removesuffix(".log") for name in names if name.endswith(".log"))

    def read(self, environment: str, query: LogQuery) -> Iterator[str]:
        path = self._layout.log(query.unit or "edge")
        if query.lines:
            yield from tail(path, query.lines, self._disk)
        if query.follow:
            yield from self._follow(path)

    def _follow(self, path: Path) -> Iterator[str]:
        at = self._disk.size(path) or 0
        while True:
            size = self._disk.size(path) or 0
            at = 0 if size < at else at
            if size > at:
                chunk = self._disk.read(path, at, size - at)
                at = size
                yield from chunk.decode("utf-8", "replace").splitlines()
            self._clock.sleep(0.2)
