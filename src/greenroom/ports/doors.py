"""The clock, and all doors of one target together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from greenroom.ports.environments import Records
from greenroom.ports.inspecting import Inspector
from greenroom.ports.keeping import Builder, Ledger
from greenroom.ports.owning import Resource
from greenroom.ports.running import Jobs, Schema, Stage, Traffic


class Clock(Protocol):
    """Time."""

    def now(self) -> float:
        """Seconds since the epoch; somebody may set it forward or back. For moments that are kept or shown."""

    def monotonic(self) -> float:
        """Seconds that only ever go forward. For every wait and measured duration."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


@dataclass(frozen=True, slots=True)
class Doors:
    """The doors of one target, as the loop that performs a plan uses them."""

    stage: Stage
    traffic: Traffic
    jobs: Jobs
    schema: Schema
    ledger: Ledger
    clock: Clock
    builder: Builder
    inspector: Inspector
    records: Records
    resources: tuple[Resource, ...] = field(default=())
    """In the order of making; the first one opens the others (its secrets do), and so goes last, when they have gone."""
