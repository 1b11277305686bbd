"""Secrets that Greenroom makes or people give, as Secrets of the control namespace, by the same verbs as files on one machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

from greenroom.domain.environment import Tier
from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.secret import Secret
from greenroom.domain.secrets import SHARED, SIGNING, tier_scope
from greenroom.drivers.kubernetes.api import Conflict
from greenroom.drivers.kubernetes.store import KeptSecrets, Store
from greenroom.drivers.system.secret_box import Change, GivenSecrets, SecretBox, SigningKeys
from greenroom.ports import Presence, Values

OWN, GIVEN, GENERAL = "own-", "given-", "given."
"""What the names of Secrets begin with. No environment's name has a dot in it, so none of them makes one of ``GENERAL``."""

TRIES = 20
"""So often somebody else may be quicker."""

SEVERAL = (SHARED, *map(tier_scope, Tier))
"""The scopes of more than one environment."""

_ONCE = {f"{GIVEN}{scope.lstrip('_')}" for scope in SEVERAL}
"""What those of all environments, and of a tier, were called once: an environment can be called so too. Its own has its label."""


class ClusterSecrets(SecretBox):
    """One Secret of the control namespace; ``environment``: whose it is, None for those of several."""

    def __init__(self, store: Store, name: str, environment: str | None = None) -> None:
        self._store, self._name, self._environment = store, name, environment

    def all(self) -> dict[str, Secret]:
        return _sealed(self._read())

    def change(self, how: Change) -> None:
        """Raises (exit 6) when others change it all the time."""
        for _ in range(TRIES):
            found = self._read()
            kept = _sealed(found)
            wanted = how(dict(kept))
            if wanted == kept:
                return
            plain = {key: value.reveal() for key, value in wanted.items()}
            with suppress(Conflict):  # somebody else was quicker, or the answer to the first try was lost
                self._store.swap_secrets(
                    self._name, plain, found.version if found else None, self._environment
                )
                return
        raise GreenroomError(
            "locked", f"others go on changing the secrets {self._name}", "do it again", Exit.LOCKED
        )

    def remove(self) -> None:
        if self._read() is not None:
            self._store.drop_secrets(self._name)

    def exists(self) -> bool:
        return self._read() is not None

    def _read(self) -> KeptSecrets | None:
        found = self._store.read_secrets(self._name)
        return None if found is None or self._is_of_several(found) else found

    def _is_of_several(self, found: KeptSecrets) -> bool:
        return self._environment is not None and self._name in _ONCE and found.environment is None


class GeneralSecrets(ClusterSecrets):
    """Those of several environments; ``once``: their name before, under which they are read until they are moved."""

    def __init__(self, store: Store, name: str, once: str) -> None:
        super().__init__(store, name)
        self._once = once

    def all(self) -> dict[str, Secret]:
        found = self._read()
        return _sealed(self._before() if found is None else found)

    def change(self, how: Change) -> None:
        self.move()
        super().change(how)

    def move(self) -> None:
        """To the name of today. Killed in between, the old ones are there in vain, and the next change removes them."""
        before = self._before()
        if before is None:
            return
        if self._read() is None:
            with suppress(Conflict):
                self._store.swap_secrets(self._name, before.values, None, None)
        self._store.drop_secrets(self._once)

    def _before(self) -> KeptSecrets | None:
        found = self._store.read_secrets(self._once)
        return found if found is not None and found.environment is None else None


class GivenToOne(ClusterSecrets):
    """Those that people gave to one environment; it may be called as those of several once were."""

    def change(self, how: Change) -> None:
        for scope in SEVERAL:
            if self._name == _once(scope):
                _general(self._store, scope).move()
        super().change(how)


def given_secrets(store: Store) -> GivenSecrets:
    """Those of each scope in a Secret of its own."""
    return GivenSecrets(lambda scope: _given(store, scope))


def own_secrets(store: Store, environment: str) -> ClusterSecrets:
    """Those that Greenroom made for an environment."""
    return ClusterSecrets(store, OWN + environment, environment)


def _given(store: Store, scope: str) -> ClusterSecrets:
    several = scope.startswith("_")
    return _general(store, scope) if several else GivenToOne(store, GIVEN + scope, scope)


def _general(store: Store, scope: str) -> GeneralSecrets:
    return GeneralSecrets(store, GENERAL + scope.lstrip("_"), _once(scope))


def _once(scope: str) -> str:
    return GIVEN + scope.lstrip("_")


def _sealed(found: KeptSecrets | None) -> dict[str, Secret]:
    return {} if found is None else {key: Secret(value) for key, value in sorted(found.values.items())}


class AppSecrets:
    """See :class:`greenroom.ports.Resource`. Gives ``SECRET_KEY`` and the public address."""

    name = "secrets"

    def __init__(self, store: Store, url: Callable[[str], str]) -> None:
        self._store, self._url = store, url

    def observe(self, environment: str) -> Presence:
        return Presence(self._of(environment).get(SIGNING) is not None)

    def ensure(self, environment: str) -> None:
        self._of(environment).get_or_make(SIGNING)

    def values(self, environment: str) -> Values:
        plain = {
            "PUBLIC_URL": self._url(environment),
            "BEHIND_PROXY": "1",
            "LOG_FORMAT": "json",
            "MEDIA_URL": "/media/",
            "MAIL_DIR": "/tmp/mail",  # noqa: S108 - in a container of its own
        }
        return {**SigningKeys(self._of(environment)).values(), **{k: Secret(v) for k, v in plain.items()}}

    def unreachable(self, environment: str) -> Values:
        return {}

    def remove(self, environment: str) -> None:
        for box in (self._of(environment), _given(self._store, environment)):
            box.remove()

    def residue(self, environment: str) -> tuple[str, ...]:
        boxes = {OWN: self._of(environment), GIVEN: _given(self._store, environment)}
        return tuple(f"secret {kind}{environment}" for kind, box in boxes.items() if box.exists())

    def found(self) -> Mapping[str, str]:
        names = [n.removeprefix(OWN) for n in self._store.secret_names() if n.startswith(OWN)]
        return {name: f"secrets of {name}" for name in names}

    def _of(self, environment: str) -> ClusterSecrets:
        return own_secrets(self._store, environment)
