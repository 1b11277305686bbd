"""Environments: identity and policy, never state."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

PRODUCTION = "production"
"""The name of the environment that every project has."""


class Tier(StrEnum):
    """How seriously an environment is taken."""

    PRODUCTION = "production"
    STAGING = "staging"
    DEVELOPMENT = "development"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Environment:
    """One place where the app runs: ``name`` keys all its state, ``host`` is its public name."""

    name: str
    tier: Tier
    host: str
    target: str = "local"
