"""Secrets that belong together, wherever they are kept: what is done with them is the same everywhere."""

from __future__ import annotations

import secrets as random_secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping

from greenroom.domain.secret import Secret
from greenroom.domain.secrets import SIGNING

NEXT, LAST = "SECRET_KEY_NEXT", "SECRET_KEY_LAST"
FALLBACKS = "SECRET_KEY_FALLBACKS"
"""The variable that apps read the other accepted keys from, with commas between them (Flask 3.1's setting of that name)."""


Change = Callable[[dict[str, Secret]], Mapping[str, Secret]]
"""From what a box holds to what it is to hold. It may be asked more than once."""


class SecretBox(ABC):
    """A box is read and changed as a whole; of two who change it at once neither loses what the other kept."""

    @abstractmethod
    def all(self) -> dict[str, Secret]:
        """Every secret in it."""

    @abstractmethod
    def change(self, how: Change) -> None:
        """Keep what ``how`` makes of what is there, all of it or nothing."""

    @abstractmethod
    def remove(self) -> None:
        """Forget them all, also what a killed writer left."""

    @abstractmethod
    def exists(self) -> bool:
        """Is any secret kept here?"""

    def get(self, key: str) -> Secret | None:
        """The secret of that name, if it was made."""
        value = self.all().get(key)
        return value if value is not None and value.reveal() else None

    def get_or_make(self, key: str) -> Secret:
        """The secret of that name; a random one of 32 URL-safe characters is made the first time."""
        known = self.get(key)
        if known is not None:
            return known
        made = Secret(random_secrets.token_urlsafe(24))

        def once(kept: dict[str, Secret]) -> Mapping[str, Secret]:
            """One that somebody else has made meanwhile stays."""
            there = kept.get(key)
            return kept if there is not None and there.reveal() else {**kept, key: made}

        self.change(once)
        return self.get(key) or made

    def put(self, key: str, value: Secret) -> None:
        """Keep a secret."""
        self.put_all({key: value})

    def put_all(self, values: Mapping[str, Secret]) -> None:
        """Keep several, all of them or none."""
        self.change(lambda kept: {**kept, **values})

    def replace(self, values: Mapping[str, Secret]) -> None:
        """Keep these and no others."""
        self.change(lambda _kept: values)

    def names(self) -> tuple[str, ...]:
        """The names of all secrets, sorted."""
        return tuple(sorted(self.all()))

    def drop(self, key: str) -> None:
        """Forget one secret."""
        self.change(lambda kept: {k: v for k, v in kept.items() if k != key})


class GivenSecrets:
    """See :class:`greenroom.ports.GivenSecrets`. ``box`` gives the one of a scope."""

    def __init__(self, box: Callable[[str], SecretBox]) -> None:
        self._box = box

    def values(self, scope: str) -> dict[str, Secret]:
        return self._box(scope).all()

    def put(self, scope: str, name: str, value: Secret) -> None:
        self._box(scope).put(name, value)

    def remove(self, scope: str, name: str) -> bool:
        there = name in self.values(scope)
        if there:
            self._box(scope).drop(name)
        return there


class SigningKeys:
    """See :class:`greenroom.ports.SigningKeys`: the key and the two beside it, in the environment's own box."""

    def __init__(self, box: SecretBox) -> None:
        self._box = box

    def values(self) -> dict[str, Secret]:
        """For the app: the signing key, made the first time, and those that are accepted beside it while it is changed."""
        beside = [value.reveal() for key in (NEXT, LAST) if (value := self._box.get(key)) is not None]
        fallbacks = {FALLBACKS: Secret(",".join(beside))} if beside else {}
        return {SIGNING: self._box.get_or_make(SIGNING), **fallbacks}

    def stage(self) -> str:
        if self._box.get(NEXT) is not None:
            return "accepting"
        return "signing" if self._box.get(LAST) is not None else "settled"

    def begin(self) -> None:
        if self.stage() == "settled":
            self._box.put(NEXT, Secret(random_secrets.token_urlsafe(32)))

    def sign(self) -> None:
        self._box.change(_signing)

    def finish(self) -> None:
        self._box.drop(LAST)


def _signing(keys: dict[str, Secret]) -> Mapping[str, Secret]:
    """The next key signs; without one nothing changes."""
    if NEXT not in keys:
        return keys
    others = {name: key for name, key in keys.items() if name != NEXT}
    return {**others, LAST: keys[SIGNING], SIGNING: keys[NEXT]}
