"""The door of development: the app from its folder as it is, with the data of an environment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from greenroom.ports.running import Values


class Workbench(Protocol):
    """Runs the project's folder itself, nothing is built."""

    def branch(self) -> str:
        """The branch that is checked out; empty when none is."""

    def prepare(self) -> None:
        """Make the Python environment that the folder's requirements ask for."""

    def migrate(self, values: Values) -> int:
        """Bring the schema to the folder's heads; the command's exit code, 0 when there is nothing to migrate."""

    def serve(self, values: Values, port: int, argv: Sequence[str]) -> int:
        """Serve with debugger and reload until it is ended; ``argv`` instead of Flask's own server, if there is one."""
