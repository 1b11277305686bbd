"""A resource of an environment that may be of one kind or another, or none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from greenroom.domain.secret import Secret
from greenroom.ports import Presence, Resource, Values

Kind = TypeVar("Kind")


class Chosen(Generic[Kind]):
    """See :class:`greenroom.ports.Resource`. ``kind`` is made and used; what was made of another kind, before anybody said
    otherwise, goes and is looked for all the same. ``name``: what it is, in one word."""

    def __init__(self, name: str, kinds: Mapping[Kind, Resource], kind: Callable[[], Kind]) -> None:
        self.name, self._kinds, self._kind = name, kinds, kind

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


class Absent:
    """See :class:`greenroom.ports.Resource`. One that the environment does not have. ``unreachable``: what leads nowhere even so."""

    def __init__(self, name: str, unreachable: Mapping[str, Secret]) -> None:
        self.name, self._unreachable = name, unreachable

    def observe(self, environment: str) -> Presence:
        return Presence(False)

    def ensure(self, environment: str) -> None:
        """There is nothing to make."""

    def values(self, environment: str) -> Values:
        return {}

    def unreachable(self, environment: str) -> Values:
        return self._unreachable

    def remove(self, environment: str) -> None:
        """There is nothing to remove."""

    def residue(self, environment: str) -> tuple[str, ...]:
        return ()

    def found(self) -> Mapping[str, str]:
        return {}
