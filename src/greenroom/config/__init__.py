"""The project's file, ``greenroom.toml``, as domain objects.

The only room that knows TOML and pydantic. It reads the file, reports every mistake with its line, and hands out
:class:`greenroom.domain.project.Project`; nothing behind it sees the file's shape. It may look at the project's
folder (is there an ``alembic.ini``?) but runs nothing and writes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenroom.config.fingerprint import fingerprint

if TYPE_CHECKING:
    from pathlib import Path

    from greenroom.domain.project import Project

__all__ = ["fingerprint", "json_schema", "load"]


def load(path: Path, *, host: str | None = None) -> Project:
    """See :func:`greenroom.config.loading.load`; what checks the file is loaded only when it is called."""
    from greenroom.config import loading

    return loading.load(path, host=host)


def json_schema() -> dict[str, Any]:
    """See :func:`greenroom.config.reference.json_schema`."""
    from greenroom.config import reference

    return reference.json_schema()
