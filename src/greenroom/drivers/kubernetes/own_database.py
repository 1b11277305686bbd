"""An environment's own small PostgreSQL in its namespace, from the chart."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress

from greenroom.domain.databases import ADDRESS
from greenroom.domain.errors import GreenroomError
from greenroom.domain.secret import Secret
from greenroom.drivers.kubernetes.api import Api, Conflict, Json
from greenroom.drivers.kubernetes.database_server import NAME, DatabaseServer
from greenroom.drivers.kubernetes.names import ROLE, Names
from greenroom.drivers.kubernetes.release import HelmRelease
from greenroom.drivers.kubernetes.static_volumes import data_stays
from greenroom.drivers.kubernetes.values import DATABASE_SECRET
from greenroom.ports import Clock, Presence, Values

CLAIM = f"data-{NAME}-0"
ROLE_AND_DATABASE = "app"
GONE_SECONDS = 60.0
BETWEEN_SECONDS = 0.3


class OwnDatabase:
    """See :class:`greenroom.ports.Resource`. ``verifier``: what a server keeps of a password. The Secret in the environment's
    namespace is the only place of the password: it goes with the database that it opens."""

    name = "database"

    def __init__(
        self,
        api: Api,
        names: Names,
        server: DatabaseServer,
        helm: HelmRelease,
        clock: Clock,
        verifier: Callable[[Secret], str],
    ) -> None:
        self._api, self._names, self._server, self._helm = api, names, server, helm
        self._clock, self._verifier = clock, verifier

    def observe(self, environment: str) -> Presence:
        return Presence(self._server.there(environment) is not None, "PostgreSQL of its own")

    def ensure(self, environment: str) -> None:
        """Raises (exit 1) with the last lines of a server that does not start."""
        self._keep_password(environment)
        if self._server.there(environment) is None:
            self._helm.record(environment)
        self._server.start(environment)

    def values(self, environment: str) -> Values:
        password = self._password(environment)
        if password is None:
            return {}
        host = f"{NAME}.{self._names.namespace(environment)}.svc"
        who = f"{ROLE_AND_DATABASE}:{password.reveal()}"
        return {ADDRESS: Secret(f"postgresql://{who}@{host}:5432/{ROLE_AND_DATABASE}")}

    def unreachable(self, environment: str) -> Values:
        return {ADDRESS: Secret("postgresql://nobody@127.0.0.1:1/nothing?connect_timeout=2")}

    def remove(self, environment: str) -> None:
        """The volume goes with the StatefulSet; it is waited for, so that its end is not taken for something left."""
        with suppress(Conflict):
            self._api.delete(self._names.at(environment, "statefulsets", NAME), "Foreground")
        self._api.delete(self._names.at(environment, "secrets", DATABASE_SECRET))
        until = self._clock.monotonic() + GONE_SECONDS
        while self._volumes(environment) and self._clock.monotonic() < until:
            self._clock.sleep(BETWEEN_SECONDS)

    def residue(self, environment: str) -> tuple[str, ...]:
        """Everything of it lies in the environment's namespace, which is looked at whole; its volumes are too."""
        return ()

    def found(self) -> Mapping[str, str]:
        return {}

    def _keep_password(self, environment: str) -> None:
        if self._password(environment) is not None:
            return
        made = Secret(secrets.token_urlsafe(24))
        plain = {"password": made.reveal(), "verifier": self._verifier(made)}
        body: Json = {"apiVersion": "v1", "kind": "Secret", "immutable": True}
        body["metadata"] = {"name": DATABASE_SECRET, "labels": self._names.labels(environment)}
        body["data"] = {k: base64.b64encode(v.encode()).decode() for k, v in plain.items()}
        with suppress(Conflict):  # the answer to the first try was lost
            self._api.create(self._names.at(environment, "secrets"), body)

    def _password(self, environment: str) -> Secret | None:
        found = self._api.get(self._names.at(environment, "secrets", DATABASE_SECRET))
        data = (found or {}).get("data") or {}
        return Secret(base64.b64decode(data["password"]).decode()) if "password" in data else None

    def _volumes(self, environment: str) -> bool:
        """Does a volume of it still stand that goes with it? Who may not look cannot wait for it."""
        where = self._names.namespace(environment)
        if self._api.items(self._names.at(environment, "persistentvolumeclaims"), {ROLE: NAME}):
            return True
        with suppress(GreenroomError):
            going = (v for v in self._api.items("/api/v1/persistentvolumes") if not data_stays(v))
            claims = [v["spec"].get("claimRef") or {} for v in going]
            return any((c.get("namespace"), c.get("name")) == (where, CLAIM) for c in claims)
        return False
