"""What a template, the copy that it is made from, and the one that it replaces are called."""

from __future__ import annotations

import re

from greenroom.domain.errors import Exit, GreenroomError

NAME = re.compile(r"[a-z]([a-z0-9-]{0,22}[a-z0-9])?")
"""With a project of 30 characters and ``.new`` behind it, PostgreSQL's 63 are not reached."""

NEW, OLD = ".new", ".old"


def template_label(project: str, name: str) -> str:
    """The database of a template, and its role. The dot keeps it apart from every environment's.

    Raises :class:`GreenroomError` (exit 2) for what is no name.
    """
    if NAME.fullmatch(name) is None:
        raise GreenroomError(
            "template-name",
            f"{name!r} is no name for a template",
            "1 to 24 of a-z, 0-9 and -, a letter first and no - last",
            Exit.USAGE,
        )
    return f"{project.replace('-', '_')}.{name}"
