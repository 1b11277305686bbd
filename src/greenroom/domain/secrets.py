"""Secrets that people give: where each comes from, and what says that it has changed. Values are never shown."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from greenroom.domain.environment import Tier
from greenroom.domain.secret import Secret

SHARED = "_shared"
"""The scope that every environment has."""

SIGNING = "SECRET_KEY"
"""The key that sessions and tokens are signed with."""


def tier_scope(tier: Tier) -> str:
    """The scope of all environments of a tier."""
    return f"_tier-{tier}"


def scopes(environment: str, tier: Tier) -> tuple[str, ...]:
    """The scopes of an environment, the most general first; later ones win."""
    return (SHARED, tier_scope(tier), environment)


@dataclass(frozen=True, slots=True)
class Given:
    """A secret that an environment gets: from which source, and its version."""

    name: str
    source: str
    version: str


def version(value: Secret) -> str:
    """Eight hex digits that change with the value; they tell nothing about it that could be tried out in reasonable time
    for values that were made at random, and nothing else is shown."""
    salted = hashlib.scrypt(value.reveal().encode(), salt=b"greenroom secret version", n=2**12, r=8, p=1)
    return salted.hex()[:8]


def merged(sources: Sequence[tuple[str, Mapping[str, Secret]]]) -> dict[str, tuple[str, Secret]]:
    """Name -> (source, value); of two sources the later one wins."""
    found: dict[str, tuple[str, Secret]] = {}
    for source, values in sources:
        found.update({name: (source, value) for name, value in values.items()})
    return found


@dataclass(frozen=True, slots=True)
class SecretPolicy:
    """What the project's file says: ``required`` names, an encrypted ``file`` with the ``key_file`` that opens it, and
    names that are taken ``from_environment`` of the command (a CI's variables)."""

    required: tuple[str, ...] = ()
    file: str | None = None
    key_file: str | None = None
    from_environment: tuple[str, ...] = ()
