"""The door of a private environment on a cluster: the names and passwords that nginx in its pods asks for."""

from __future__ import annotations

import base64
import hashlib
import secrets as random_secrets
from collections.abc import Callable, Mapping

from greenroom.domain.environment import Access, Environment
from greenroom.domain.secret import Secret
from greenroom.drivers.kubernetes.api import Api, Json
from greenroom.drivers.kubernetes.names import Names
from greenroom.drivers.kubernetes.secrets import own_secrets
from greenroom.drivers.kubernetes.slots import Slots
from greenroom.drivers.kubernetes.store import Store
from greenroom.ports import Presence, Values

SECRET = "greenroom-access"  # noqa: S105 - a name
"""The Secret in the environment's namespace that its pods mount."""

GUEST, MACHINE = "guest", "greenroom"
GUEST_LINE, MACHINE_PASSWORD = "ACCESS_GUEST", "ACCESS_MACHINE"


class AccessSecret:
    """See :class:`greenroom.ports.Resource`. Two names may pass: people as ``guest``, whose password is made once, told to ``say``
    and kept as a digest alone; and Greenroom itself. Both passwords are 192 random bits, so a quick digest is enough
    for them, and nginx computes it for every request."""

    name = "access"

    def __init__(
        self,
        api: Api,
        names: Names,
        store: Store,
        place: Callable[[str], Environment],
        say: Callable[[str], None],
    ) -> None:
        self._api, self._names, self._store, self._place, self._say = api, names, store, place, say
        self._open: set[str] = set()

    def observe(self, environment: str) -> Presence:
        return Presence(self._api.get(self._path(environment)) is not None, SECRET)

    def ensure(self, environment: str) -> None:
        """Nothing for a public one, whose pods mount nothing. What it had as a private one stays as long as a slot of then does."""
        if not self._private(environment):
            if not self._mounted(environment):
                self._api.delete(self._path(environment))
            return
        lines = (self._guest(environment), _line(MACHINE, self._machine(environment)))
        text = base64.b64encode("".join(f"{line}\n" for line in lines).encode()).decode()
        metadata = {"name": SECRET, "labels": self._names.labels(environment)}
        body: Json = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"htpasswd": text}}
        self._api.apply(self._path(environment), body)

    def headers(self, environment: str) -> dict[str, str]:
        """With these Greenroom's own requests pass; none where every slot's door is open, or none is made yet."""
        if environment in self._open:
            return {}
        known = own_secrets(self._store, environment).get(MACHINE_PASSWORD)
        if not self._private(environment) and (known is None or not self._mounted(environment)):
            self._open.add(environment)
        if known is None or environment in self._open:
            return {}
        word = base64.b64encode(f"{MACHINE}:{known.reveal()}".encode()).decode()
        return {"Authorization": f"Basic {word}"}

    def values(self, environment: str) -> Values:
        return {}

    def unreachable(self, environment: str) -> Values:
        return {}

    def remove(self, environment: str) -> None:
        self._api.delete(self._path(environment))

    def residue(self, environment: str) -> tuple[str, ...]:
        return (f"secret {SECRET}",) if self.observe(environment).there else ()

    def found(self) -> Mapping[str, str]:
        """It lies in the namespace, which tells of itself."""
        return {}

    def _guest(self, environment: str) -> str:
        """The password is told before its digest is kept: killed in between, the next call makes and tells another."""
        box = own_secrets(self._store, environment)
        known = box.get(GUEST_LINE)
        if known is not None:
            return known.reveal()
        made = Secret(random_secrets.token_urlsafe(24))
        self._say(f"{environment} is private; shown only now: name {GUEST}, password {made.reveal()}")
        line = _line(GUEST, made)
        box.put(GUEST_LINE, Secret(line))
        return line

    def _machine(self, environment: str) -> Secret:
        """The same lines each time: the digest of a password must not change with every call."""
        return own_secrets(self._store, environment).get_or_make(MACHINE_PASSWORD)

    def _private(self, environment: str) -> bool:
        return self._place(environment).access is Access.PRIVATE

    def _mounted(self, environment: str) -> bool:
        """Has a slot been launched that mounts it?"""
        return any(SECRET in placed.manifest for placed in Slots(self._store).all(environment))

    def _path(self, environment: str) -> str:
        return self._names.at(environment, "secrets", SECRET)


def _line(name: str, password: Secret) -> str:
    """A line of htpasswd in the scheme SSHA, whose salt comes from the password: the same password gives the same line."""
    word = password.reveal().encode()
    salt = hashlib.sha256(b"greenroom access " + word).digest()[:8]
    digest = hashlib.sha1(word + salt, usedforsecurity=False).digest()
    return f"{name}:{{SSHA}}{base64.b64encode(digest + salt).decode()}"
