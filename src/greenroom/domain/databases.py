"""Which database an environment on a cluster has, and what of the secrets that people give is the app's."""

from __future__ import annotations

from collections.abc import Mapping

from greenroom.domain.environment import DatabaseKind, Tier
from greenroom.domain.secret import Secret

OWN = "GREENROOM_"
"""Secrets whose names begin so are Greenroom's own: no app gets them."""

ADMIN_URL = "GREENROOM_DATABASE_ADMIN_URL"
"""The secret with the address of the server on which environments share, as somebody who may make roles and databases."""

ADDRESS = "DATABASE_URL"

SMALL = frozenset({Tier.REVIEW, Tier.DEVELOPMENT})


def database_kind(word: DatabaseKind | None, tier: Tier, given: Mapping[str, object]) -> DatabaseKind:
    """What ``database`` in the project's file says; ``word`` None: it says nothing.

    Then a small environment that has been given no database has its own on the shared server, where there is one; so
    giving that server takes nobody's database away.
    """
    if word is not None:
        return word
    shared = tier in SMALL and ADMIN_URL in given and ADDRESS not in given
    return DatabaseKind.SHARED if shared else DatabaseKind.EXTERNAL


def for_the_app(given: Mapping[str, Secret], kind: DatabaseKind) -> dict[str, Secret]:
    """Of what people gave, what the app gets: nothing of Greenroom's own, and no address beside that of a database made
    for the environment."""
    made = kind is not DatabaseKind.EXTERNAL
    return {k: v for k, v in given.items() if not k.startswith(OWN) and not (made and k == ADDRESS)}
