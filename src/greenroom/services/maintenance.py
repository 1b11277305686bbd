"""A person's own maintenance page: it stays until a person ends it."""

from __future__ import annotations

from greenroom.domain.stage import Mode
from greenroom.services.target import Target


def maintenance(target: Target, on: bool, wait: float = 0.0) -> None:
    """Show the page or end it."""
    with target.lease.hold("maintenance", wait):
        mode = Mode.MAINTENANCE if on else Mode.OPEN
        target.doors.traffic.mode(target.environment, mode, window=False)
        target.doors.ledger.append(target.environment, "maintenance", on=on)
