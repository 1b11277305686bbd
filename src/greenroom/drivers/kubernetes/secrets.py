"""Secrets that Greenroom makes or people give, as Secrets of the control namespace, by the same verbs as files on one machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.secret import Secret
from greenroom.domain.secrets import SIGNING
from greenroom.drivers.kubernetes.api import Conflict
from greenroom.drivers.kubernetes.store import KeptSecrets, Store
from greenroom.drivers.system.secret_box import Change, GivenSecrets, SecretBox, SigningKeys
from greenroom.ports import Presence, Values

OWN, GIVEN, GENERAL = "own-", "given-", "given."
"""What the names of Secrets begin with. No environment's name has a dot in it, so none of them makes one of ``GENERAL``."""

TRIES = 20
"""So often somebody else may be quicker."""


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
        return self._store.read_secrets(self._name)


def given_secrets(store: Store) -> GivenSecrets:
    """Those of each scope in a Secret of its own."""
    return GivenSecrets(lambda scope: _given(store, scope))


def own_secrets(store: Store, environment: str) -> ClusterSecrets:
    """Those that Greenroom made for an environment."""
    return ClusterSecrets(store, OWN + environment, environment)


def _given(store: Store, scope: str) -> ClusterSecrets:
    if scope.startswith("_"):
        return ClusterSecrets(store, GENERAL + scope.removeprefix("_"))
    return ClusterSecrets(store, GIVEN + scope, scope)


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
