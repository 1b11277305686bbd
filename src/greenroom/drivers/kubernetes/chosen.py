"""A resource of an environment that may be of one kind or another, or none."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Generic, TypeVar

from greenroom.domain.errors import refused
from greenroom.domain.secret import Secret
from greenroom.ports import Presence, Resource, Values

Kind = TypeVar("Kind")


class Chosen(Generic[Kind]):
    """See :class:`greenroom.ports.Resource`. ``kind`` is made and used; what was made of another kind, before anybody said
    otherwise, goes and is looked for all the same. ``name``: what it is, in one word. ``data``: kinds that hold data of ours; while
    one of them does, no other is made in its stead."""

    def __init__(
        self,
        name: str,
        kinds: Mapping[Kind, Resource],
        kind: Callable[[], Kind],
        data: Collection[Kind] = (),
    ) -> None:
        self.name, self._kinds, self._kind, self._data = name, kinds, kind, data

    def observe(self, environment: str) -> Presence:
        return self._chosen.observe(environment)

    def ensure(self, environment: str) -> None:
        """Raises (exit 3) when its data lies in one of another kind."""
        wanted = self._kind()
        for kind in self._data:
            if kind != wanted and self._kinds[kind].observe(environment).there:
                raise refused(
                    "kind-changed",
                    f"the {self.name} of {environment} is of the kind {kind}, its data lies there, and now it shall be {wanted}",
                    f'put {self.name} = "{kind}" back into greenroom.toml; or remove the environment and make it anew',
                )
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
