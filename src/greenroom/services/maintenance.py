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


BY_A_PERSON = "the maintenance page stays on until: greenroom maintenance off"
"""What a step says that leaves a person's page alone."""


def shows_page(target: Target) -> bool:
    """Has a person closed the public side? Releases change behind the page then, and none of their windows ends it."""
    seen = target.doors.traffic.observe(target.environment)
    return seen.mode is Mode.MAINTENANCE and not seen.window


def confirm(target: Target, slot: str) -> float | None:
    """Milliseconds until the slot answered through the edge; None behind a person's page, where nobody can reach it.

    Raises :class:`GreenroomError` (``not-confirmed``) when another answers.
    """
    return None if shows_page(target) else target.doors.traffic.confirm(target.environment, slot)
