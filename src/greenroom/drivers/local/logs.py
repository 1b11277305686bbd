"""Logs: one file a unit, each with a byte quota; reading and following them."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from greenroom.drivers.local.layout import Layout
from greenroom.ports import Clock, LogQuery

QUOTA_BYTES = 20_000_000
"""Per unit: the file and the one before it together stay at about this size."""


def keep_quota(folder: Path, quota: int = QUOTA_BYTES) -> None:
    """Copy logs that have grown over half the quota to ``.1`` and empty them.

    The writer keeps its O_APPEND descriptor; lines written between copy and cut are lost, which is the price of
    writers that know nothing of rotation.
    """
    for log in folder.glob("*.log"):
        if log.name == "access.log":  # the edge rotates its own
            continue
        with contextlib.suppress(OSError):
            if log.stat().st_size > quota // 2:
                shutil.copyfile(log, log.with_suffix(".log.1"))
                os.truncate(log, 0)


def tail(path: Path, lines: int) -> list[str]:
    """The last lines of a file; none when it is not there."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return [line.rstrip("\n") for line in deque(file, maxlen=lines)]
    except FileNotFoundError:
        return []


class LocalLogs:
    """See :class:`greenroom.ports.Logs`."""

    def __init__(self, layout: Layout, clock: Clock) -> None:
        self._layout = layout
        self._clock = clock

    def units(self, environment: str) -> list[str]:
        return sorted(p.stem for p in (self._layout.root / "logs").glob("*.log"))

    def read(self, environment: str, query: LogQuery) -> Iterator[str]:
        path = self._layout.log(query.unit or "edge")
        if query.lines:
            yield from tail(path, query.lines)
        if query.follow:
            yield from self._follow(path)

    def _follow(self, path: Path) -> Iterator[str]:
        at = path.stat().st_size if path.exists() else 0
        while True:
            size = path.stat().st_size if path.exists() else 0
            at = 0 if size < at else at
            if size > at:
                with path.open("rb") as file:
                    file.seek(at)
                    chunk = file.read(size - at)
                at = size
                yield from chunk.decode("utf-8", "replace").splitlines()
            self._clock.sleep(0.2)
