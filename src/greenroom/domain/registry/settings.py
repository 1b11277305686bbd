"""What the project's file says of the registry."""

from __future__ import annotations

from dataclasses import dataclass, field

from greenroom.domain.registry.planning import Pruning


@dataclass(frozen=True, slots=True)
class Collection:
    """How bytes are freed. Commands as words, empty where nobody has said them: ``stop`` may also make it read only.

    ``storage``: the registry's own folder on this machine. ``metadata_database``: it frees by itself.
    """

    collect: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()
    start: tuple[str, ...] = ()
    storage: str | None = None
    metadata_database: bool = False


@dataclass(frozen=True, slots=True)
class RegistrySettings:
    """``repositories``: names below ``[image] repository`` that are the project's own."""

    repositories: tuple[str, ...] = ("app", "static")
    pruning: Pruning = field(default_factory=Pruning)
    collection: Collection = field(default_factory=Collection)
