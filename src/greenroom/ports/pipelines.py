"""The door to a pipeline's files."""

from __future__ import annotations

from typing import Protocol


class PipelineFolder(Protocol):
    """A project's folder; names are paths below it, with ``/``."""

    def read(self, name: str) -> str | None:
        """The text of a file; None when there is none."""

    def write(self, name: str, text: str) -> None:
        """Write a file whole."""
