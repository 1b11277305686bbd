"""Where an environment runs, as the wiring needs it: the doors of one target, and what stands around them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from greenroom.ports import Breaker, Doors, GivenSecrets, Lease, Ledger, Logs, Platform, SigningKeys

if TYPE_CHECKING:
    from greenroom.drivers.load import Address


class Site(Protocol):
    """One environment's site; what is about other environments takes their names."""

    @property
    def doors(self) -> Doors:
        """The target's doors."""

    @property
    def platform(self) -> Platform:
        """What the target itself consists of."""

    @property
    def ledger(self) -> Ledger:
        """The project's history there."""

    @property
    def logs(self) -> Logs:
        """What the parts wrote."""

    @property
    def given(self) -> GivenSecrets:
        """Secrets that people gave."""

    @property
    def keys(self) -> SigningKeys:
        """The key that the environment signs with."""

    @property
    def breaker(self) -> Breaker:
        """Kills parts."""

    @property
    def address(self) -> Address:
        """Where a load finds the environment's edge."""

    @property
    def replicas(self) -> int | None:
        """Pods that serve the environment; None: it runs on one machine."""

    @property
    def most_replicas(self) -> int:
        """Pods that a slot may grow to; 1 on one machine."""

    @property
    def shape(self) -> str:
        """What a slot is made of there besides its release and its app's values; nothing on one machine."""

    def url(self, environment: str) -> str:
        """The environment's public address."""

    def lease(self, environment: str) -> Lease:
        """The lease of an environment."""
