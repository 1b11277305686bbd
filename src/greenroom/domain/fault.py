"""What a proof breaks on purpose: faults planted into one slot, and parts that are killed."""

from __future__ import annotations

from enum import StrEnum

FAULT_VARIABLE = "GREENROOM_FAULT"
"""The environment variable by which a slot's server layer is told of its fault."""

FAULT_SECONDS = 120.0
"""A planted fault ends by itself after so long: a killed proof leaves no broken slot behind for ever."""


class Fault(StrEnum):
    """UNREADY answers every probe with 503. TURNS_BAD answers well at first, and its probes for ever; then only 500."""

    UNREADY = "unready"
    TURNS_BAD = "turns-bad"

    def planted(self, now: float) -> str:
        """The variable's value: the fault, and the second since the epoch at which it ends."""
        return f"{self}:{now + FAULT_SECONDS:.0f}"


class Victim(StrEnum):
    """A part that may be killed: the live slot's processes, the edge, the supervisor, the database server."""

    APP = "app"
    EDGE = "edge"
    SUPERVISOR = "supervisor"
    POSTGRES = "postgres"
