"""Secrets that Greenroom makes or people give, as Secrets of the control namespace, by the same verbs as files on one machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from greenroom.domain.secret import Secret
from greenroom.domain.secrets import SIGNING
from greenroom.drivers.kubernetes.store import Store
from greenroom.drivers.system.secret_box import GivenSecrets, SecretBox, SigningKeys
from greenroom.ports import Presence, Values

OWN, GIVEN = "own-", "given-"


class ClusterSecrets(SecretBox):
    """One Secret of the control namespace."""

    def __init__(self, store: Store, name: str, environment: str | None = None) -> None:
        self._store, self._name, self._environment = store, name, environment

    def all(self) -> dict[str, Secret]:
        return {key: Secret(value) for key, value in sorted(self._store.secrets(self._name).items())}

    def replace(self, values: Mapping[str, Secret]) -> None:
        plain = {key: value.reveal() for key, value in values.items()}
        self._store.put_secrets(self._name, plain, self._environment)

    def remove(self) -> None:
        self._store.put_secrets(self._name, {})

    def exists(self) -> bool:
        return self._name in self._store.secret_names()


def given_secrets(store: Store) -> GivenSecrets:
    """Those of each scope in a Secret of its own; names there have no underscore."""
    return GivenSecrets(lambda scope: ClusterSecrets(store, GIVEN + scope.strip("_").replace("_", "-")))


def own_secrets(store: Store, environment: str) -> ClusterSecrets:
    """Those that Greenroom made for an environment."""
    return ClusterSecrets(store, OWN + environment, environment)


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
        for name in (OWN, GIVEN):
            self._store.put_secrets(name + environment, {})

    def residue(self, environment: str) -> tuple[str, ...]:
        names = self._store.secret_names()
        return tuple(f"secret {n}" for n in names if n in (OWN + environment, GIVEN + environment))

    def found(self) -> Mapping[str, str]:
        names = [n.removeprefix(OWN) for n in self._store.secret_names() if n.startswith(OWN)]
        return {name: f"secrets of {name}" for name in names}

    def _of(self, environment: str) -> ClusterSecrets:
        return own_secrets(self._store, environment)
