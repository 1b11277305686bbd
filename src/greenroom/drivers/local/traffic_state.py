"""The edge's folder of an environment: the only truth about traffic."""

from __future__ import annotations

from pathlib import Path

from greenroom.domain.stage import Mode
from greenroom.drivers.local.layout import Layout
from greenroom.drivers.local.slots import HOLD
from greenroom.ports import TrafficSeen

MAINTENANCE_PAGE = "maintenance.html"
WINDOW = "window"


def observe_traffic(layout: Layout, environment: str) -> TrafficSeen:
    """Read the live link, the maintenance page and the window's mark."""
    folder = layout.edge(environment)
    target = _target(folder / "live")
    mode = Mode.OPEN
    if target is not None and target.endswith(HOLD):
        mode = Mode.HOLD
    if (folder / MAINTENANCE_PAGE).exists():
        mode = Mode.MAINTENANCE
    live = target.removesuffix(HOLD) if target else None
    return TrafficSeen(live, mode, (folder / WINDOW).exists())


def _target(link: Path) -> str | None:
    try:
        return link.readlink().name
    except (FileNotFoundError, OSError):
        return None
