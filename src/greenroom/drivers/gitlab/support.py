"""How long a version of GitLab gets security fixes, and what an upgrade may not leave out.

A minor version comes on the third Thursday of every month, the first of each major one in May (18.0 in 2025); the newest
gets all fixes, the two before it those of security (GitLab's maintenance policy). The stops are those of GitLab's
``config/upgrade_path.yml`` as of November 2026.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

STOPS = (
    *((15, 0), (15, 4), (15, 11)),
    *((16, 3), (16, 7), (16, 11)),
    *((17, 3), (17, 5), (17, 8), (17, 11)),
    *((18, 2), (18, 5), (18, 8), (18, 11)),
    *((19, 2), (19, 5), (19, 8), (19, 11)),
)
MINORS = 12
"""Minor versions of a major one, from May to April."""


def parsed(version: str) -> tuple[int, int] | None:
    """Major and minor of a text such as ``19.3.0-ee``."""
    match = re.match(r"(\d+)\.(\d+)", version)
    return (int(match[1]), int(match[2])) if match else None


def released(major: int, minor: int) -> date:
    """The day on which it came out."""
    months = (2007 + major) * 12 + 4 + minor
    first = date(months // 12, months % 12 + 1, 1)
    return first + timedelta(days=(3 - first.weekday()) % 7 + 14)


def ends(major: int, minor: int) -> date:
    """The day from which it gets no fixes any more: that of the third version after it."""
    more, left = divmod(minor + 3, MINORS)
    return released(major + more, left)


def next_stop(major: int, minor: int) -> str:
    """The first version above it that no upgrade may leave out; empty where none is known."""
    return next((f"{a}.{b}" for a, b in STOPS if (a, b) > (major, minor)), "")
