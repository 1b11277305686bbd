"""An environment's Helm release: brought to what the slots and the live Service say."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import replace

from greenroom.domain.cluster import ClusterSettings
from greenroom.domain.environment import DatabaseKind, Environment
from greenroom.drivers.kubernetes.api import Api, Conflict, Json
from greenroom.drivers.kubernetes.database_server import DatabaseServer
from greenroom.drivers.kubernetes.helm import Helm
from greenroom.drivers.kubernetes.names import ENVIRONMENT, SLOT, Names
from greenroom.drivers.kubernetes.service import LiveService
from greenroom.drivers.kubernetes.slots import Placed, Slots
from greenroom.drivers.kubernetes.values import values
from greenroom.ports import Values

OF_A_SLOT = ("deployments", "cronjobs", "horizontalpodautoscalers", "poddisruptionbudgets", "configmaps")
"""The kinds of which the chart makes objects for a slot, with its label."""


class HelmRelease:
    """Applies the whole of an environment; ``place`` gives what is known of it."""

    def __init__(
        self,
        api: Api,
        names: Names,
        helm: Helm,
        slots: Slots,
        live: LiveService,
        database: DatabaseServer,
        settings: ClusterSettings,
        place: Callable[[str], Environment],
    ) -> None:
        self._api, self._names, self._helm, self._slots = api, names, helm, slots
        self._live, self._database, self._settings, self._place = live, database, settings, place

    def record(self, environment: str, nothing: bool = False) -> None:
        """Bring everything to the slots that are kept, and let Helm's record say what the public reaches. ``nothing``: of no slot
        anything is to run."""
        there = () if nothing else self._slots.all(environment)
        name = self._names.release(environment)
        self._helm.apply(name, self._names.namespace(environment), self._values(environment, there))
        self._drop_unrecorded(environment, {p.slot.id for p in there if not p.going and not p.resting})

    def record_if_there(self, environment: str, nothing: bool = False) -> None:
        """The same, unless the namespace goes or is gone: everything in it does so too."""
        found = self._api.get(f"/api/v1/namespaces/{self._names.namespace(environment)}")
        if found is not None and "deletionTimestamp" not in found["metadata"]:
            self.record(environment, nothing)

    def with_manifest(self, placed: Placed) -> Placed:
        """The slot with its objects as the chart of today renders them; from now on they stay so."""
        environment, color = placed.slot.environment, placed.color
        others = [p for p in self._slots.all(environment) if p.color != color]
        rendered = self._values(environment, [*others, replace(placed, working=True)], verbatim=False)
        name, where = self._names.release(environment), self._names.namespace(environment)
        manifests = [
            self._helm.render(name, where, rendered, only)
            for only in (f"web-{color}.yaml", f"background-{color}.yaml")
        ]
        return replace(placed, manifest=manifests[0], background=manifests[1])

    def keep_secret(self, environment: str, app: Values) -> str:
        """The name of an immutable Secret with these values; the same values have the same name. Who asks is about to make pods of
        the app: a database of the environment's own that rests is started first."""
        self._database.start(environment)
        plain = {name: value.reveal() for name, value in sorted(app.items())}
        digest = hashlib.sha256(json.dumps(plain).encode()).hexdigest()[:10]
        name = f"{self._names.release(environment)}-env-{digest}"
        body: Json = {"apiVersion": "v1", "kind": "Secret", "immutable": True}
        body["metadata"] = {"name": name, "labels": self._names.labels(environment)}
        body["data"] = {k: base64.b64encode(v.encode()).decode() for k, v in plain.items()}
        with suppress(Conflict):  # the same values are kept already
            self._api.create(self._names.at(environment, "secrets"), body)
        return name

    def rest(self, environment: str) -> None:
        """The database of an environment's own ends too, where the last slot has gone because the environment sleeps."""
        if self._live.read(environment).asleep:
            self._database.rest(environment)

    def drop_secrets(self, environment: str) -> None:
        """Let go of values that no slot was launched with."""
        used = {name for p in self._slots.all(environment) for name in p.snapshot.get("secrets", ())}
        for name in self._api.names(self._names.at(environment, "secrets"), self._names.labels(environment)):
            if "-env-" in name and name not in used:
                self._api.delete(self._names.at(environment, "secrets", name))

    def _drop_unrecorded(self, environment: str, running: AbstractSet[str]) -> None:
        """Objects of slots that are not to run. Helm removes what its last good revision had; what one made that failed, or was
        killed, no good revision knows of."""
        for kind in OF_A_SLOT:
            for found in self._api.items(
                self._names.at(environment, kind), {ENVIRONMENT: environment, SLOT: ""}
            ):
                if found["metadata"]["labels"][SLOT] not in running:
                    self._api.delete(self._names.at(environment, kind, found["metadata"]["name"]))

    def _values(self, environment: str, there: Sequence[Placed], verbatim: bool = True) -> Json:
        selected, place = self._live.read(environment).selected, self._place(environment)
        own = place.database is DatabaseKind.CHART
        replicas = self._database.replicas(environment) if own else 0
        return values(
            self._names.project, place, self._settings, there, selected, verbatim, database=replicas
        )
