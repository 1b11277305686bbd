"""The door that kills, for proofs alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from greenroom.domain.fault import Victim


@dataclass(frozen=True, slots=True)
class Killed:
    """What was killed, and how many connections it had open at that moment."""

    victim: Victim
    connections: int


class Breaker(Protocol):
    """Kills one part as a crash would: no part is asked, none can clean up."""

    def kill(self, environment: str, victim: Victim) -> Killed:
        """Kill it; returns once it is dead. Raises (exit 1) when it does not run."""
