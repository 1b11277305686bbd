"""The edge's folder of an environment: the only truth about traffic."""

from __future__ import annotations

from greenroom.domain.stage import Mode
from greenroom.drivers.local.layout import Layout
from greenroom.drivers.local.slots import HOLD
from greenroom.drivers.system.machine import Disk
from greenroom.ports import TrafficSeen

MAINTENANCE_PAGE = "maintenance.html"
WINDOW = "window"
ASLEEP = "asleep"
"""While this file is there, the edge asks before it lets a request through, and that wakes the environment."""


def observe_traffic(layout: Layout, environment: str, disk: Disk) -> TrafficSeen:
    """Read the live link, the maintenance page and the window's mark."""
    folder = layout.edge(environment)
    pointed = disk.target(folder / "live")
    target = pointed.rpartition("/")[2] if pointed else None
    mode = Mode.OPEN
    if target is not None and target.endswith(HOLD):
        mode = Mode.HOLD
    if disk.exists(folder / MAINTENANCE_PAGE):
        mode = Mode.MAINTENANCE
    live = target.removesuffix(HOLD) if target else None
    return TrafficSeen(live, mode, disk.exists(folder / WINDOW), disk.exists(folder / ASLEEP))
