"""The doors of the chart: a folder that holds it, and the program that renders it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol


class ChartFolder(Protocol):
    """A folder in a team's repository."""

    def files(self) -> Mapping[str, str]:
        """Path -> text of every file of the chart that is there; nothing when the folder is not."""

    def exported(self) -> Mapping[str, str]:
        """Path -> SHA-256 of what the last export wrote."""

    def apply(self, write: Mapping[str, str], remove: Iterable[str], exported: Mapping[str, str]) -> None:
        """Write and remove, then remember. Killed in between, the next export ends the same."""


class Renderer(Protocol):
    """Makes manifests of the chart, without a cluster."""

    def render(self, name: str, namespace: str, values: Sequence[str]) -> str:
        """The manifests of a release of that name; ``values`` are files, later ones win.

        Raises (exit 2) with the renderer's own words when it does not take them.
        """
