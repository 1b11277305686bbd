"""Which database an environment on a cluster has: one of three kinds, chosen by the project's file."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from greenroom.domain.databases import ADDRESS
from greenroom.domain.environment import DatabaseKind
from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.secret import Secret
from greenroom.ports import Presence, Resource, Values


class ChosenDatabase:
    """See :class:`greenroom.ports.Resource`. ``kind`` is made and used; what was made of another kind, before the file said
    otherwise, goes and is looked for all the same."""

    name = "database"

    def __init__(self, kinds: Mapping[DatabaseKind, Resource], kind: Callable[[], DatabaseKind]) -> None:
        self._kinds, self._kind = kinds, kind

    def observe(self, environment: str) -> Presence:
        return self._chosen.observe(environment)

    def ensure(self, environment: str) -> None:
        self._chosen.ensure(environment)

    def values(self, environment: str) -> Values:
        return self._chosen.values(environment)

    def unreachable(self, environment: str) -> Values:
        return self._chosen.unreachable(environment)

    def remove(self, environment: str) -> None:
        for one in self._kinds.values():
            one.remove(environment)

    def residue(self, environment: str) -> tuple[str, ...]:
        return tuple(left for one in self._kinds.values() for left in one.residue(environment))

    def found(self) -> Mapping[str, str]:
        found: dict[str, list[str]] = {}
        for one in self._kinds.values():
            for environment, what in one.found().items():
                found.setdefault(environment, []).append(what)
        return {environment: ", ".join(what) for environment, what in found.items()}

    @property
    def _chosen(self) -> Resource:
        return self._kinds[self._kind()]


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
