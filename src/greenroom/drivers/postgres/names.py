"""What an environment's database and role are called, and what the comment on each says."""

from __future__ import annotations

import json

from greenroom.domain.errors import Exit, GreenroomError

LONGEST = 63
"""Bytes of a name in PostgreSQL; a longer one would be cut silently."""


def database_name(project: str, environment: str) -> str:
    """The name of both. Raises :class:`GreenroomError` (exit 2) when it is too long."""
    name = f"{project}_{environment}".replace("-", "_")
    if len(name.encode()) > LONGEST:
        raise GreenroomError(
            "name-too-long", f"{name} is longer than {LONGEST} characters", "a shorter name", Exit.USAGE
        )
    return name


def comment_text(project: str, environment: str) -> str:
    """Whose it is, in JSON; the same text each time."""
    return json.dumps({"greenroom": project, "environment": environment})
