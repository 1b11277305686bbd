"""The project's file, ``greenroom.toml``, as domain objects.

The only room that knows TOML and pydantic. It reads the file, reports every mistake with its line, and hands out
:class:`greenroom.domain.project.Project`; nothing behind it sees the file's shape. It may look at the project's
folder (is there an ``alembic.ini``?) but runs nothing and writes nothing.
"""

from greenroom.config.loading import load
from greenroom.config.reference import json_schema

__all__ = ["json_schema", "load"]
