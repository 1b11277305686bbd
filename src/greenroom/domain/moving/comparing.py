"""Are the objects of two clusters the same, in what a person wrote of them?"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from greenroom.domain.moving.taking import stripped
from greenroom.domain.objects import Id, Json, pod_template

_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "Service": {
        "internalTrafficPolicy": "Cluster",
        "ipFamilyPolicy": "SingleStack",
        "allocateLoadBalancerNodePorts": True,
    },
    "CronJob": {"suspend": False},
    "PersistentVolumeClaim": {"volumeMode": "Filesystem"},
    "StatefulSet": {
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
        "podManagementPolicy": "OrderedReady",
    },
}
"""Of the ``spec``: what a newer server fills in where an older one knew no such field."""

OWN = ("greenroom.dev/replicas", "greenroom.dev/suspended")
"""Annotations of a quiet start."""


@dataclass(frozen=True, slots=True)
class Differing:
    """One field of an object that is on both sides; None: the field is not there."""

    what: str
    field: str
    here: Any
    there: Any


@dataclass(frozen=True, slots=True)
class Comparison:
    """Objects of one side alone, and fields that differ; ``same`` objects do not."""

    only_here: tuple[str, ...]
    only_there: tuple[str, ...]
    differing: tuple[Differing, ...]
    same: int

    @property
    def equal(self) -> bool:
        """Is nothing different?"""
        return not (self.only_here or self.only_there or self.differing)


def compared(here: Iterable[Json], there: Iterable[Json]) -> Comparison:
    """Compare by group, kind, namespace and name. Values of secrets are compared by a digest and never shown; where one side was
    taken without them, the object is not compared."""
    one, other = ({Id.of(o): o for o in side} for side in (here, there))
    both = sorted(one.keys() & other.keys())
    found = {i: [*_differing(str(i), "", normal(one[i]), normal(other[i]))] for i in both}
    return Comparison(
        tuple(str(i) for i in sorted(one.keys() - other.keys())),
        tuple(str(i) for i in sorted(other.keys() - one.keys())),
        tuple(d for fields in found.values() for d in fields),
        sum(not fields for fields in found.values()),
    )


def normal(found: Json) -> Json:
    """An object without what differs between servers by itself."""
    made = stripped(found)
    made["apiVersion"] = made["apiVersion"].rpartition("/")[0]
    for key in OWN:
        (made["metadata"].get("annotations") or {}).pop(key, None)
    spec = made.get("spec") or {}
    for key, value in _DEFAULTS.get(made["kind"], {}).items():
        if spec.get(key) == value:
            del spec[key]
    if made["kind"] == "Service" and spec.get("clusterIP") == "None" and not spec.get("selector"):
        spec.pop("ipFamilyPolicy", None)  # newer servers give such a one RequireDualStack
    for where in ("data", "stringData") if made["kind"] == "Secret" else ():
        made[where] = {k: _digest(v) for k, v in (made.get(where) or {}).items()}
    if (template := pod_template(made)) is not None and not template.get("metadata"):
        template.pop("metadata", None)
    bare: Json = _without_empty(made)
    return bare


def _digest(value: object) -> str:
    return f"sha256:{hashlib.sha256(json.dumps(value).encode()).hexdigest()[:12]}"


def _without_empty(value: Any) -> Any:
    """Servers differ in whether they write an empty field; an ``emptyDir: {}`` or a selector's is no such."""
    if isinstance(value, dict):
        whole = {k: _without_empty(v) for k, v in value.items()}
        return {k: v for k, v in whole.items() if v is not None and v != [] and not (v == {} and k in _EMPTY)}
    return [_without_empty(v) for v in value] if isinstance(value, list) else copy.copy(value)


_EMPTY = frozenset(
    {"annotations", "labels", "metadata", "resources", "securityContext", "strategy", "data", "stringData"}
)


def _differing(what: str, place: str, here: Any, there: Any) -> Iterator[Differing]:
    if isinstance(here, dict) and isinstance(there, dict):
        for key in sorted(here.keys() | there.keys()):
            yield from _differing(what, f"{place}.{key}".lstrip("."), here.get(key), there.get(key))
    elif isinstance(here, list) and isinstance(there, list):
        one, other = _keyed(here), _keyed(there)
        for key in [*one, *(k for k in other if k not in one)]:
            yield from _differing(what, f"{place}[{key}]", one.get(key), other.get(key))
    elif here != there:
        yield Differing(what, place, here, there)


def _keyed(values: list[Any]) -> dict[str, Any]:
    """The members of a list by their names, else by their places."""
    names = [v["name"] for v in values if isinstance(v, dict) and isinstance(v.get("name"), str)]
    if len(names) == len(values) and len(set(names)) == len(names):
        return dict(zip(names, values, strict=True))
    return {str(n): v for n, v in enumerate(values)}
