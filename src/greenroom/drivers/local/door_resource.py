"""An environment's place at the door, as one of its resources: its mark, its tokens."""

from __future__ import annotations

from collections.abc import Mapping

from greenroom.drivers.local.doorkeeper import LocalDoorkeeper
from greenroom.ports import Presence, Values


class DoorResource:
    """See :class:`greenroom.ports.Resource`. The app gets nothing of it."""

    name = "access"

    def __init__(self, doorkeeper: LocalDoorkeeper) -> None:
        self._doorkeeper = doorkeeper

    def observe(self, environment: str) -> Presence:
        policy = self._doorkeeper.keeping().policies.get(environment)
        return Presence(policy is not None, str(policy.access) if policy else "")

    def ensure(self, environment: str) -> None:
        self._doorkeeper.publish(environment)

    def values(self, environment: str) -> Values:
        return {}

    def unreachable(self, environment: str) -> Values:
        return {}

    def remove(self, environment: str) -> None:
        for token in self._doorkeeper.tokens():
            if token.environment == environment:
                self._doorkeeper.revoke_token(environment, token.name)

    def found(self) -> Mapping[str, str]:
        names: dict[str, list[str]] = {}
        for token in self._doorkeeper.tokens():
            names.setdefault(token.environment, []).append(token.name)
        return {environment: f"tokens {', '.join(tokens)}" for environment, tokens in names.items()}

    def residue(self, environment: str) -> tuple[str, ...]:
        left = [t.name for t in self._doorkeeper.tokens() if t.environment == environment]
        return tuple(f"token {name} of {environment}" for name in left)
