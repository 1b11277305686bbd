"""The doors for moving what runs on a cluster: a cluster's objects as they are, and a folder that keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from greenroom.domain.moving.export import Export
from greenroom.domain.objects import Json


@dataclass(frozen=True, slots=True)
class Seen:
    """Every object of a namespace, each with its version and kind, in the newest version that this cluster serves; ``unread``: kinds
    that this account may not list there."""

    objects: tuple[Json, ...]
    unread: tuple[str, ...] = ()


class Cluster(Protocol):
    """One cluster. Raises when it is away."""

    def version(self) -> str:
        """Its version, such as ``v1.18.20``."""

    def namespaces(self) -> list[Json]:
        """All namespaces."""

    def objects(self, namespace: str) -> Seen:
        """What lies in a namespace; nothing when it is not there."""

    def above(self, kind: str) -> list[Json]:
        """All objects of a kind that lies above namespaces; none where the cluster has no such kind, or this account may not list it."""

    def serves(self, version: str, kind: str) -> bool:
        """Does it know this kind in this version of its API?"""

    def apply(self, found: Json, dry_run: bool) -> None:
        """Make an object be like this, made or changed. ``dry_run``: let the server only say whether it would. Raises when it refuses."""


class Folder(Protocol):
    """Where an export lies."""

    def write(self, export: Export) -> Sequence[str]:
        """Write one file an object, and the index last; the paths. Secrets for their owner alone. Raises (exit 2) when the folder holds
        anything else than an older export."""

    def read(self) -> Export:
        """What was written. Raises (exit 2) when it is no export, or not a whole one."""
