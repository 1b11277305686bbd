"""A database outside the cluster, which somebody else made."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from greenroom.domain.databases import ADDRESS
from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.secret import Secret
from greenroom.ports import Presence, Values


class GivenDatabase:
    """See :class:`greenroom.ports.Resource`. A database outside the cluster, which somebody else made: its address is a secret
    that people give (``DATABASE_URL``), and it is never removed from here."""

    name = "database"

    def __init__(self, given: Callable[[], Values]) -> None:
        self._given = given

    def observe(self, environment: str) -> Presence:
        return Presence(ADDRESS in self._given(), "given from outside")

    def ensure(self, environment: str) -> None:
        if ADDRESS not in self._given():
            raise GreenroomError(
                "no-database",
                f"nobody has given {environment} a database",
                f"greenroom -e {environment} secrets set DATABASE_URL",
                Exit.USAGE,
            )

    def values(self, environment: str) -> Values:
        return {}

    def unreachable(self, environment: str) -> Values:
        return {ADDRESS: Secret("postgresql://nobody@127.0.0.1:1/nothing")}

    def remove(self, environment: str) -> None:
        """It is not ours."""

    def residue(self, environment: str) -> tuple[str, ...]:
        return ()

    def found(self) -> Mapping[str, str]:
        return {}
