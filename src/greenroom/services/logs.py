"""Which log a person means, and its lines."""

from __future__ import annotations

from collections.abc import Iterator

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.ports import LogQuery, Logs
from greenroom.services.target import Target


def read(
    target: Target, logs: Logs, part: str | None, slot: str | None, lines: int, follow: bool
) -> Iterator[str]:
    """Lines of a part's log: ``web`` or a role of the live (or named) slot, or a part of the platform.

    Raises (exit 2) with the parts that there are when it has no log.
    """
    known = logs.units(target.environment)
    wanted = slot or target.observe(schema=False).live
    for unit in (f"{part or 'web'}-{wanted}", f"{part}-{wanted}-1", part or ""):
        if unit in known:
            return logs.read(target.environment, LogQuery(unit, slot, lines, follow))
    raise GreenroomError(
        "no-log",
        f"there is no log of {part or 'web'}{f' for slot {slot}' if slot else ''}",
        f"there is: {', '.join(known)}",
        Exit.USAGE,
    )
