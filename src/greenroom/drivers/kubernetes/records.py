"""Records of environments: a ConfigMap each, in the control namespace."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

from greenroom.domain.environment import TargetKind
from greenroom.domain.record import Record
from greenroom.drivers.kubernetes.store import Store
from greenroom.drivers.system.shape import shaped

RECORD = "record"


class KubernetesRecords:
    """See :class:`greenroom.ports.environments.Records`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def all(self) -> tuple[Record, ...]:
        found = self._store.all(RECORD)
        return tuple(_record(name, data) for name, data in sorted(found.items()))

    def get(self, name: str) -> Record | None:
        data = self._store.get(_name(name))
        return None if data is None else _record(_name(name), data)

    def put(self, record: Record) -> None:
        data = {RECORD: json.dumps(asdict(record))}
        self._store.put(RECORD, _name(record.name), data, record.name)

    def drop(self, name: str) -> None:
        self._store.drop(_name(name))


def _name(environment: str) -> str:
    return f"environment-{environment}"


def _record(name: str, data: dict[str, str]) -> Record:
    record = shaped(Record, json.loads(data[RECORD]), Path(f"configmap/{name}"))
    return replace(record, target=record.target or TargetKind.KUBERNETES)
