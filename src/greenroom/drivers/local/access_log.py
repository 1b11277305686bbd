"""The edge's own record: what it says of a slot over a stretch of time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from greenroom.domain.measuring import measured
from greenroom.domain.verdict import Measure
from greenroom.drivers.system.machine import Disk

CHUNK = 1 << 16
MOST_BYTES = 32 << 20
"""How far back the record is read at most."""


def measure(log: Path, environment: str, slot: str, since: float, until: float, disk: Disk) -> Measure:
    """Requests that were answered between two moments (seconds since the epoch) by that slot.

    The edge's own 502 (no slot in the line) counts for the slot too: the caller asks for a stretch in which it was
    live. Clients that went away (499) and the maintenance page (503 of the edge) do not count.
    """
    return measured(_requests(log, environment, slot, since, until, disk))


def _requests(
    log: Path, environment: str, slot: str, since: float, until: float, disk: Disk
) -> Iterator[tuple[int, float]]:
    for line in _backwards(log, disk):
        entry = _entry(line)
        if entry is None:
            continue
        at = float(entry.get("ts", 0.0))
        if at < since:
            break
        if at <= until and entry.get("environment") == environment and _counts(entry, slot):
            yield int(entry["status"]), _milliseconds(entry)


def last_request(log: Path, environment: str, disk: Disk) -> float | None:
    """When the environment answered last, in seconds since the epoch; None: not in what is kept of the record."""
    for line in _backwards(log, disk):
        entry = _entry(line)
        if entry is not None and entry.get("environment") == environment:
            return float(entry.get("ts", 0.0))
    return None


def _counts(entry: dict[str, Any], slot: str) -> bool:
    named = entry.get("slot") or ""
    return named == slot or (not named and entry.get("status") == 502)


def _milliseconds(entry: dict[str, Any]) -> float:
    try:
        return float(entry.get("upstream_ms") or 0.0)
    except (TypeError, ValueError):
        return 0.0


def _entry(line: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) and isinstance(entry.get("status"), int) else None


def _backwards(log: Path, disk: Disk) -> Iterator[bytes]:
    """Lines of a file, the last one first."""
    at = disk.size(log) or 0
    stop = max(0, at - MOST_BYTES)
    rest = b""
    while at > stop:
        step = min(CHUNK, at - stop)
        at -= step
        *lines, rest = (disk.read(log, at, step) + rest).split(b"\n")[::-1]
        yield from (line for line in lines if line)
    if rest:
        yield rest
