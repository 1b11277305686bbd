"""The ledger on a cluster: stretches of history in ConfigMaps of the control namespace, one chain over all of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from greenroom.domain.chain import chained, does_not_fit
from greenroom.drivers.kubernetes.api import Api, Conflict
from greenroom.drivers.kubernetes.names import Names
from greenroom.drivers.kubernetes.store import KIND, Store
from greenroom.ports import Clock, Entry

STRETCH_BYTES = 100_000
"""A stretch that has grown beyond it is followed by another; a ConfigMap may have 1 MiB."""

LEDGER = "ledger"


class KubernetesLedger:
    """See :class:`greenroom.ports.Ledger`."""

    def __init__(self, api: Api, names: Names, store: Store, clock: Clock) -> None:
        self._api, self._names, self._store, self._clock = api, names, store, clock

    def append(self, environment: str, kind: str, **data: Any) -> Entry:
        text = json.dumps(data, sort_keys=True)
        at = self._clock.now()
        while True:
            number, lines, version = self._last()
            before = _entry(lines[-1]) if lines else self._before(number)
            seq = before.seq + 1 if before else 1
            digest = chained(before.hash if before else "", seq, at, environment, kind, text)
            fresh = Entry(seq, at, environment, kind, data, digest)
            if before is not None and (before.at, before.kind, before.data) == (at, kind, json.loads(text)):
                return before  # written already; the answer was lost
            line = json.dumps([seq, at, environment, kind, text, digest])
            try:
                self._store.swap(LEDGER, _name(number), {"entries": "\n".join((*lines, line))}, version)
            except Conflict:
                self._clock.sleep(0.02)
                continue
            return fresh

    def entries(
        self, environment: str | None = None, kind: str | None = None, last: int | None = None
    ) -> tuple[Entry, ...]:
        found: list[Entry] = []
        for entry in self._backwards():
            if environment in (None, entry.environment) and kind in (None, entry.kind):
                found.append(entry)
            if last is not None and len(found) >= last:
                break
        return tuple(reversed(found))

    def verify(self) -> int:
        before, count = "", 0
        for _, data in sorted(self._store.all(LEDGER).items()):
            for line in data.get("entries", "").splitlines():
                count += 1
                seq, at, environment, kind, text, found = json.loads(line)
                if seq != count or chained(before, seq, at, environment, kind, text) != found:
                    raise does_not_fit(count)
                before = found
        return count

    def _last(self) -> tuple[int, list[str], str | None]:
        """The number of the stretch to write to, its lines, its version (None: it is to be made)."""
        names = self._stretches()
        if not names:
            return 1, [], None
        number = int(names[-1].rpartition("-")[2])
        data, version = self._store.read(names[-1]) or ({}, None)
        text = data.get("entries", "")
        return (number + 1, [], None) if len(text) > STRETCH_BYTES else (number, text.splitlines(), version)

    def _before(self, number: int) -> Entry | None:
        """The last entry of the stretch before."""
        lines = (self._store.get(_name(number - 1)) or {}).get("entries", "").splitlines()
        return _entry(lines[-1]) if lines else None

    def _backwards(self) -> Iterator[Entry]:
        for name in reversed(self._stretches()):
            data = self._store.get(name) or {}
            yield from (_entry(line) for line in reversed(data.get("entries", "").splitlines()))

    def _stretches(self) -> list[str]:
        labels = {**self._names.labels(), KIND: LEDGER}
        return self._api.names(self._names.own("configmaps"), labels)


def _name(number: int) -> str:
    return f"{LEDGER}-{number:06d}"


def _entry(line: str) -> Entry:
    seq, at, environment, kind, text, digest = json.loads(line)
    return Entry(seq, at, environment, kind, json.loads(text), digest)
