"""Who may see what is private, in files: the sign-in service's configuration, its secrets, the doors' marks."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable

from greenroom.domain.access import AccessPolicy, Doorkeeping
from greenroom.domain.secret import Secret
from greenroom.drivers.local.edge_door import OPEN
from greenroom.drivers.local.layout import Layout
from greenroom.drivers.local.secrets import SecretFile
from greenroom.drivers.system.files import private_folder, write_json
from greenroom.drivers.system.machine import Disk
from greenroom.ports.admitting import MachineToken

SIGN_IN_SECRETS = "_signin"
COOKIE_KEY, OWN_TOKEN, CLIENT_SECRET = "COOKIE_KEY", "OWN_TOKEN", "OIDC_CLIENT_SECRET"
PERSON, TOKEN = "user:", "token:"
"""Names in the file of secrets, as ``greenroom.signin.settings`` reads them."""


class LocalDoorkeeper:
    """See :class:`greenroom.ports.admitting.Doorkeeper`. ``keeping`` gives what is to be told."""

    def __init__(self, layout: Layout, disk: Disk, keeping: Callable[[], Doorkeeping]) -> None:
        self._layout, self._disk, self._keeping = layout, disk, keeping
        self._secrets = SecretFile(layout.root / "secrets", SIGN_IN_SECRETS)

    def keeping(self) -> Doorkeeping:
        return self._keeping()

    def own_token(self) -> Secret:
        """What Greenroom itself shows at the door, when it asks through the edge which slot answers."""
        known = self._secrets.get(OWN_TOKEN)
        if known is None:
            known = Secret(f"grt_own_{secrets.token_urlsafe(32)}")
            self._secrets.put(OWN_TOKEN, known)
        return known

    def publish(self, making: str = "") -> None:
        self._secrets.get_or_make(COOKIE_KEY)
        self.own_token()
        keeping = self._keeping()
        # What is to be shut is shut before anybody is told otherwise, and what is to be open is opened last.
        for environment, policy in keeping.policies.items():
            if policy.private:
                self._mark(environment, policy, making)
        folder = private_folder(self._layout.root / "signin", self._disk)
        write_json(folder / "config.json", keeping.to_json(), disk=self._disk)
        for environment, policy in keeping.policies.items():
            if not policy.private:
                self._mark(environment, policy, making)

    def _mark(self, environment: str, policy: AccessPolicy, making: str) -> None:
        folder = self._layout.edge(environment)
        if environment == making:
            private_folder(folder, self._disk)
        elif not self._disk.is_folder(folder):
            return
        if policy.private:
            self._disk.remove(folder / OPEN)
        elif not self._disk.exists(folder / OPEN):
            self._disk.create(folder / OPEN, b"")
        self._disk.sync_folder(folder)

    def people(self) -> tuple[str, ...]:
        return tuple(n.removeprefix(PERSON) for n in self._secrets.names() if n.startswith(PERSON))

    def put_person(self, name: str, password: Secret) -> None:
        from werkzeug.security import generate_password_hash

        self._secrets.put(PERSON + name, Secret(generate_password_hash(password.reveal(), "scrypt")))

    def remove_person(self, name: str) -> bool:
        known = name in self.people()
        self._secrets.drop(PERSON + name)
        return known

    def tokens(self) -> tuple[MachineToken, ...]:
        found = [token for _, token in self._tokens()]
        return tuple(sorted(found, key=lambda t: (t.environment, t.name)))

    def create_token(self, token: MachineToken) -> Secret:
        id = secrets.token_hex(6)
        secret = Secret(f"grt_{id}_{secrets.token_urlsafe(32)}")
        kept = {
            "name": token.name,
            "environment": token.environment,
            "created": token.created,
            "expires": token.expires,
            "hash": hashlib.sha256(secret.reveal().encode()).hexdigest(),
        }
        self._secrets.put(TOKEN + id, Secret(json.dumps(kept)))
        return secret

    def revoke_token(self, environment: str, name: str) -> bool:
        ids = [id for id, t in self._tokens() if (t.environment, t.name) == (environment, name)]
        for id in ids:
            self._secrets.drop(id)
        return bool(ids)

    def put_client_secret(self, secret: Secret) -> None:
        self._secrets.put(CLIENT_SECRET, secret)

    def has_client_secret(self) -> bool:
        return self._secrets.get(CLIENT_SECRET) is not None

    def _tokens(self) -> list[tuple[str, MachineToken]]:
        found = []
        for id in self._secrets.names():
            kept = self._secrets.get(id) if id.startswith(TOKEN) else None
            if kept is not None:
                data = json.loads(kept.reveal())
                data.pop("hash")
                found.append((id, MachineToken(**data)))
        return found
