"""What Greenroom remembers on a cluster: ConfigMaps and Secrets of the control namespace."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from greenroom.drivers.kubernetes.api import Api, Conflict, Json
from greenroom.drivers.kubernetes.names import RESTRICTED, Names

KIND = "greenroom.dev/kind"
"""The label that tells what an object of the control namespace is: a slot, a record, a stretch of the ledger."""


@dataclass(frozen=True, slots=True)
class KeptSecrets:
    """A Secret as it was read: its values and its version."""

    values: dict[str, str]
    version: str


class Store:
    """Small texts by name; each is replaced as a whole. A namespace that is not there yet is empty."""

    def __init__(self, api: Api, names: Names) -> None:
        self._api = api
        self._names = names
        self._made = False

    def all(self, kind: str, environment: str | None = None) -> dict[str, dict[str, str]]:
        """The data of every object of a kind, by name."""
        labels = {**self._names.labels(environment), KIND: kind}
        found = self._api.items(self._names.own("configmaps"), labels)
        return {f["metadata"]["name"]: f.get("data") or {} for f in found}

    def get(self, name: str) -> dict[str, str] | None:
        """The data of one object."""
        found = self._api.get(self._names.own("configmaps", name))
        return None if found is None else found.get("data") or {}

    def put(self, kind: str, name: str, data: Mapping[str, str], environment: str | None = None) -> None:
        """Keep, in place of what was there."""
        self.ensure()
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": self._metadata(kind, name, environment)}
        self._api.apply(self._names.own("configmaps", name), {**body, "data": dict(data)})

    def drop(self, name: str) -> None:
        """Forget."""
        self._api.delete(self._names.own("configmaps", name))

    def read(self, name: str) -> tuple[dict[str, str], str] | None:
        """The data of one object, and the version to :meth:`swap` it by."""
        found = self._api.get(self._names.own("configmaps", name))
        return None if found is None else (found.get("data") or {}, found["metadata"]["resourceVersion"])

    def swap(self, kind: str, name: str, data: Mapping[str, str], version: str | None) -> None:
        """Keep, unless somebody else has since ``version`` (None: unless it is there). Raises Conflict."""
        self.ensure()
        metadata = self._metadata(kind, name, None)
        body: Json = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": dict(data)}
        if version is None:
            self._api.create(self._names.own("configmaps"), body)
        else:
            metadata["resourceVersion"] = version
            self._api.replace(self._names.own("configmaps", name), body)

    def secrets(self, name: str) -> dict[str, str]:
        """The values of a Secret; nothing when it is not there."""
        found = self.read_secrets(name)
        return {} if found is None else found.values

    def read_secrets(self, name: str) -> KeptSecrets | None:
        """The same with what it is swapped by; None when it is not there."""
        found = self._api.get(self._names.own("secrets", name))
        if found is None:
            return None
        values = {k: base64.b64decode(v).decode() for k, v in (found.get("data") or {}).items()}
        return KeptSecrets(values, found["metadata"]["resourceVersion"])

    def swap_secrets(
        self, name: str, values: Mapping[str, str], version: str | None, environment: str | None
    ) -> None:
        """Keep a Secret, unless somebody else has since ``version`` (None: unless it is there). Raises Conflict."""
        self.ensure()
        metadata = self._metadata("secrets", name, environment)
        data = {k: base64.b64encode(v.encode()).decode() for k, v in values.items()}
        body: Json = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}
        if version is None:
            self._api.create(self._names.own("secrets"), body)
        else:
            metadata["resourceVersion"] = version
            self._api.replace(self._names.own("secrets", name), body)

    def drop_secrets(self, name: str) -> None:
        """Forget a Secret."""
        self._api.delete(self._names.own("secrets", name))

    def secret_names(self) -> list[str]:
        """Every Secret that was kept here."""
        found = self._api.items(self._names.own("secrets"), {**self._names.labels(), KIND: "secrets"})
        return sorted(f["metadata"]["name"] for f in found)

    def ensure(self) -> None:
        """Make the control namespace, unless it is there."""
        if self._made:
            return
        if self._api.get(f"/api/v1/namespaces/{self._names.control}") is None:
            metadata = {"name": self._names.control, "labels": {**self._names.labels(), **RESTRICTED}}
            body = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
            with suppress(Conflict):  # somebody else was quicker
                self._api.create("/api/v1/namespaces", body)
        self._made = True

    def _metadata(self, kind: str, name: str, environment: str | None) -> Json:
        return {"name": name, "labels": {**self._names.labels(environment), KIND: kind}}
