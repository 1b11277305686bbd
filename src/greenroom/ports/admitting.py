"""The door to who may see what is private: people, machines, and what the sign-in service is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from greenroom.domain.access import Doorkeeping
from greenroom.domain.secret import Secret


@dataclass(frozen=True, slots=True)
class MachineToken:
    """A machine's way into one environment. Moments in seconds since the epoch; ``expires`` 0: never."""

    name: str
    environment: str
    created: float
    expires: float = 0.0


class Doorkeeper(Protocol):
    """Keeps people's passwords and machines' tokens, as digests. A change holds from the next request on."""

    def keeping(self) -> Doorkeeping:
        """What the sign-in service is told."""

    def publish(self, making: str = "") -> None:
        """Tell it, and open and shut the environments' doors accordingly.

        Only ``making`` gets a door that was not there: what is removed meanwhile must not come back by halves.
        """

    def people(self) -> tuple[str, ...]:
        """Names that have a password."""

    def put_person(self, name: str, password: Secret) -> None:
        """Give somebody a password, or another one; what they signed in with the old one ends."""

    def remove_person(self, name: str) -> bool:
        """Forget somebody; False when there is no such name."""

    def tokens(self) -> tuple[MachineToken, ...]:
        """All tokens, without their secrets."""

    def create_token(self, token: MachineToken) -> Secret:
        """Make a token; its secret is told only now."""

    def revoke_token(self, environment: str, name: str) -> bool:
        """Forget a token; False when there is no such one."""

    def put_client_secret(self, secret: Secret) -> None:
        """Keep what the identity provider gave for this project."""

    def has_client_secret(self) -> bool:
        """Is it there?"""
