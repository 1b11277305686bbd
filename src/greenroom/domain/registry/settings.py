"""What the project's file says of the registry."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Pruning:
    """What the project's file says. ``protect``: regular expressions over whole tags. ``newest``: so many of each open branch stay.

    ``min_age`` in seconds since a tag was first seen. ``branch``: a regular expression with a group ``branch``, by which
    a tag tells its branch. ``most``: so many tags go in one run.
    """

    protect: tuple[str, ...] = ("latest", r"v\d+(\.\d+)*", r"\d+(\.\d+)+")
    newest: int = 5
    min_age: float = 86400.0
    branch: str = r"(?P<branch>.+)-(\d+|[0-9a-f]{7,40})"
    most: int = 200


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
