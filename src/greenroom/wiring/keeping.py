"""Secrets that people give to one environment, from all their sources."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.domain.buckets import has_own_bucket
from greenroom.domain.databases import database_kind, for_the_app
from greenroom.domain.environment import DatabaseKind, Environment, TargetKind
from greenroom.domain.secret import Secret
from greenroom.domain.secrets import SHARED, SecretPolicy, scopes, tier_scope

if TYPE_CHECKING:
    from greenroom.ports import GivenSecrets, SigningKeys, Values


class Keeping:
    """``folder`` is the project's; ``given`` and ``keys`` are kept where the environment runs."""

    def __init__(
        self, folder: Path, place: Environment, policy: SecretPolicy, given: GivenSecrets, keys: SigningKeys
    ) -> None:
        self._folder = folder
        self._place = place
        self._policy = policy
        self.given = given
        self.keys = keys

    def scope(self, whose: str) -> str:
        """The scope for ``env``, ``tier`` or ``all``."""
        return {"env": self._place.name, "tier": tier_scope(self._place.tier), "all": SHARED}[whose]

    def sources(self) -> tuple[tuple[str, Mapping[str, Secret]], ...]:
        """The encrypted file, the command's own environment, what was set: the later ones win."""
        named = [(scope, self.given.values(scope)) for scope in scopes(self._place.name, self._place.tier)]
        words = (("set for all", "set for the tier", f"set for {self._place.name}"), named)
        kept = tuple((word, values) for word, (_, values) in zip(*words, strict=True))
        return (*self._encrypted, *self._environment, *kept)

    def values(self) -> Values:
        """Name -> value, of those that the app gets."""
        every = self._all()
        return for_the_app(every, self._kind(every))

    def own(self, name: str) -> Secret | None:
        """One that is Greenroom's own."""
        return self._all().get(name)

    def database(self) -> DatabaseKind:
        """Which database the environment has; one on this machine has what the machine gives, or what was given."""
        return self._kind(self._all())

    def has_own_bucket(self) -> bool:
        """On a cluster: does the environment have a bucket of its own, where a store is known?"""
        return has_own_bucket(self._place.tier, self._all())

    def _kind(self, every: Values) -> DatabaseKind:
        if self._place.target is TargetKind.LOCAL:
            return DatabaseKind.EXTERNAL
        return database_kind(self._place.database, self._place.tier, every)

    def _all(self) -> dict[str, Secret]:
        return {name: value for _, values in self.sources() for name, value in values.items()}

    @cached_property
    def _encrypted(self) -> tuple[tuple[str, Mapping[str, Secret]], ...]:
        from greenroom.drivers.secrets import read_encrypted

        if self._policy.file is None:
            return ()
        key = Path(self._policy.key_file).expanduser() if self._policy.key_file else None
        file = self._folder / self._policy.file
        return ((self._policy.file, read_encrypted(file, key, os.environ)),)

    @cached_property
    def _environment(self) -> tuple[tuple[str, Mapping[str, Secret]], ...]:
        names = [name for name in self._policy.from_environment if os.environ.get(name)]
        return (
            (("the command's environment", {name: Secret(os.environ[name]) for name in names}),)
            if names
            else ()
        )
