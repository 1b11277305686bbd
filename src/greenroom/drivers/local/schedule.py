"""When a cron role is due."""

from __future__ import annotations

from datetime import UTC, datetime


def is_due(line: str, last: float, now: float) -> bool:
    """Has the five-field cron line (UTC) come round since ``last``? Both in seconds since the epoch."""
    from cronsim import CronSim

    following = next(CronSim(line, datetime.fromtimestamp(last, UTC)), None)
    return following is not None and following.timestamp() <= now
