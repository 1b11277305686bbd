"""Immutable builds: from a commit to a folder that a slot can be launched from.

Here live git, uv, static files, the reading of Alembic's revisions and the shelf of builds on disk. Nothing here
runs the app, knows of slots or environments, or looks at what is serving: the caller says what to keep.
"""

from greenroom.drivers.builds.builds import Builds
from greenroom.drivers.builds.server import ServerLayer
from greenroom.drivers.builds.shelf import Damaged

__all__ = ["Builds", "Damaged", "ServerLayer"]
