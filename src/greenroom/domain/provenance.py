"""Where a build comes from, and the digest that says it is still the same one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Provenance:
    """One build. ``content``: sha256 (hex) over every file that it serves from, ``venv`` over its Python
    environment's files (empty: not looked at); the rest says what it was made from, by whom, with what, and when (seconds since the epoch)."""

    release: str
    content: str
    venv: str
    commit: str
    tree: str
    lock: str
    python: str
    builder: str
    at: float
    dirty: bool = False

    def to_json(self) -> dict[str, Any]:
        """For the ledger."""
        return asdict(self)

    def differs(self, recorded: Mapping[str, Any]) -> tuple[str, ...]:
        """What is not as it was recorded when it was built."""
        mine = self.to_json()
        kept = ("content", "venv", "tree", "lock", "python")
        return tuple(name for name in kept if mine[name] and mine[name] != recorded.get(name))
