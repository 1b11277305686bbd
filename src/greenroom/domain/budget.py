"""Will the connections of two slots at once fit into the database server?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from greenroom.domain.project import DatabaseLimits
from greenroom.domain.roles import Role, RoleKind


@dataclass(frozen=True, slots=True)
class Budget:
    """Connections that may be open in the middle of a release, against what the server allows."""

    needed: int
    allowed: int
    text: str

    @property
    def ok(self) -> bool:
        """Do they fit?"""
        return self.needed <= self.allowed


def connection_budget(roles: Iterable[Role], limits: DatabaseLimits) -> Budget:
    """sum(processes x connections), web twice (two slots at once), plus the reserve, against max_connections. ``processes`` of all
    pods of a slot, where it has several."""
    parts = [(r, r.processes * r.connections * (2 if r.kind is RoleKind.WEB else 1)) for r in roles]
    needed = sum(n for _, n in parts) + limits.reserve
    listed = " + ".join(
        f"{r.name} {r.processes} x {r.connections}{' x 2' if r.kind is RoleKind.WEB else ''}"
        for r, _ in parts
    )
    text = f"{listed} + reserve {limits.reserve} = {needed} of {limits.max_connections} connections"
    return Budget(needed, limits.max_connections, text)
