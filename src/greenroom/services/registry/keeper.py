"""What the use cases about a registry stand on, and how they look at it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from greenroom.domain.errors import GreenroomError, refused
from greenroom.domain.events import Emit, note
from greenroom.domain.registry.memory import Remembered
from greenroom.domain.registry.planning import InUse
from greenroom.domain.registry.seen import Repository
from greenroom.domain.registry.settings import Pruning
from greenroom.ports import Clock
from greenroom.ports.registry import Collector, Memory, Shelf


@dataclass(frozen=True, slots=True)
class Source:
    """Somebody who uses images. ``what`` completes "what ... uses"; ``read`` raises rather than answer short."""

    what: str
    read: Callable[[], InUse]


@dataclass(frozen=True, slots=True)
class Keeper:
    """``ours``: the project's repositories. ``shelf`` opens any other. ``record`` writes into the history."""

    ours: tuple[Shelf, ...]
    shelf: Callable[[str], Shelf]
    collector: Collector
    sources: Sequence[Source]
    memory: Memory
    pruning: Pruning
    clock: Clock
    emit: Emit
    record: Callable[[str, Mapping[str, int]], object]

    def look(self, shelves: Iterable[Shelf], used: InUse) -> tuple[Repository, ...]:
        """Read those repositories whole, and tell of it."""
        found = []
        for shelf in shelves:
            seen = shelf.look(tuple(used.digests))
            self.emit(note(f"{seen.name}: {len(seen.tags)} tags, {len(seen.manifests)} manifests"))
            found.append(seen)
        return tuple(found)

    def remember(self, seen: Sequence[Repository]) -> Remembered:
        """When their tags were first seen, this look with it."""
        remembered = self.memory.read().after(seen, self.clock.now(), None)
        self.memory.write(remembered)
        return remembered


def in_use(keeper: Keeper) -> InUse:
    """What all sources use. Raises ``in-use-unread`` when one of them cannot be read: then nothing may go."""
    used = InUse()
    for source in keeper.sources:
        try:
            used |= source.read()
        except GreenroomError as error:
            raise GreenroomError(
                "in-use-unread",
                f"what {source.what} use cannot be read: {error.message}",
                f"nothing was removed; {error.hint}" if error.hint else "nothing was removed",
                details=error.details,
            ) from error
    return used


def check_read(seen: Iterable[Repository]) -> None:
    """Raise (exit 3) when something could not be read that may be whole."""
    unread = [f"{one.name}: {name}: {one.broken[name].why}" for one in seen for name in one.unread]
    if unread:
        raise refused(
            "registry-unread",
            f"{len(unread)} manifest(s) could not be read, and may be whole",
            "nothing was removed; see greenroom registry report; if they are lost for good: --broken",
            "\n".join(unread[:20]),
        )
