"""The doors that services need: small protocols that speak domain nouns only.

No pod, pid, port or path goes through them. Every verb is idempotent and blocks until its effect is there.
A door that fails raises :class:`greenroom.domain.errors.GreenroomError`.
"""

from greenroom.ports.breaking import Breaker, Killed
from greenroom.ports.doors import Clock, Doors
from greenroom.ports.environments import Board, Forge, Records
from greenroom.ports.inspecting import Inspector
from greenroom.ports.keeping import Builder, Entry, Holder, Lease, Ledger, Load
from greenroom.ports.owning import Anonymiser, Part, Platform, Presence, Resource, Template, Templates
from greenroom.ports.running import (
    MIGRATION_LIMITS,
    Done,
    Drained,
    Jobs,
    LogQuery,
    Logs,
    Probed,
    Say,
    Schema,
    Stage,
    StageSeen,
    Switched,
    Traffic,
    TrafficSeen,
    Values,
)
from greenroom.ports.secrets import GivenSecrets, SigningKeys

__all__ = [
    "MIGRATION_LIMITS",
    "Anonymiser",
    "Board",
    "Breaker",
    "Builder",
    "Clock",
    "Done",
    "Doors",
    "Drained",
    "Entry",
    "Forge",
    "GivenSecrets",
    "Holder",
    "Inspector",
    "Jobs",
    "Killed",
    "Lease",
    "Ledger",
    "Load",
    "LogQuery",
    "Logs",
    "Part",
    "Platform",
    "Presence",
    "Probed",
    "Records",
    "Resource",
    "Say",
    "Schema",
    "SigningKeys",
    "Stage",
    "StageSeen",
    "Switched",
    "Template",
    "Templates",
    "Traffic",
    "TrafficSeen",
    "Values",
]
