"""The doors of secrets that people give, and of the key that signs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from greenroom.domain.secret import Secret


class GivenSecrets(Protocol):
    """Secrets by scope: all environments, those of a tier, one."""

    def values(self, scope: str) -> Mapping[str, Secret]:
        """Every secret of a scope."""

    def put(self, scope: str, name: str, value: Secret) -> None:
        """Keep it, durably."""

    def remove(self, scope: str, name: str) -> bool:
        """Forget it; was it there?"""


class SigningKeys(Protocol):
    """The key that an environment signs with, changed in two steps so that nobody is signed out.

    settled: one key. accepting: a new one is accepted, the old one signs. signing: the new one signs, the old one is
    accepted.
    """

    def stage(self) -> str:
        """settled, accepting or signing."""

    def begin(self) -> None:
        """settled -> accepting."""

    def sign(self) -> None:
        """accepting -> signing."""

    def finish(self) -> None:
        """signing -> settled: what the old key signed is good no longer."""
