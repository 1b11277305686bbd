"""Compare what two clusters, or a cluster and an export, hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from greenroom.domain.moving.comparing import Comparison, compared
from greenroom.domain.moving.export import Export
from greenroom.domain.moving.taking import HELM_RELEASE, Choice
from greenroom.domain.objects import Json
from greenroom.services.moving.importing import placed

Side = Callable[[Choice], Export]
"""Gives the objects of one side; a folder gives what it has."""


def compare(here: Side, there: Side, into: Mapping[str, str], choice: Choice) -> Comparison:
    """``into``: how namespaces of ``here`` are called ``there``. Secrets are compared by their names and keys, and with
    ``choice.secrets`` by digests of their values, where both sides have them."""
    one, other = here(choice), there(choice)
    by_value = all(not side.index.secrets for side in (one, other))
    return compared([placed(o, into) for o in _objects(one, by_value)], _objects(other, by_value))


def _objects(side: Export, by_value: bool) -> list[Json]:
    """Helm's own records are no part of it: they change with each upgrade, and an export need not have them."""
    objects = [o for o in side.objects if o.get("type") != HELM_RELEASE]
    if by_value:
        return objects
    told = [o if o["kind"] != "Secret" else _named(o) for o in objects]
    return told + [_secret(s.what, s.type, s.keys) for s in side.index.secrets]


def _named(found: Json) -> Json:
    meta = found["metadata"]
    what = f"{meta['namespace']}/Secret/{meta['name']}"
    return _secret(what, found.get("type", ""), tuple(sorted(found.get("data") or {})))


def _secret(what: str, kind: str, keys: tuple[str, ...]) -> Json:
    namespace, _, name = what.split("/")
    meta = {"namespace": namespace, "name": name}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "type": kind, "keys": list(keys)}
