"""What was taken from a cluster: its objects, and an index of what was left behind and what a person must do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from greenroom.domain.objects import Id, Json

ORDER = (
    *("Namespace", "ResourceQuota", "LimitRange", "ServiceAccount", "Role", "RoleBinding"),
    *("ConfigMap", "Secret", "PersistentVolumeClaim", "Service", "Endpoints"),
    *("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "CronJob"),
    *("HorizontalPodAutoscaler", "PodDisruptionBudget", "NetworkPolicy"),
)
"""In which order kinds are made; others come after these, and what lets the public in comes last."""

LAST = frozenset({"Ingress", "HTTPRoute", "Gateway", "TLSRoute", "GRPCRoute"})


def rank(found: Json) -> tuple[int, Id]:
    """Objects sorted by it are made in an order in which each finds what it needs."""
    kind = found["kind"]
    place = len(ORDER) + 1 if kind in LAST else ORDER.index(kind) if kind in ORDER else len(ORDER)
    return place, Id.of(found)


@dataclass(frozen=True, slots=True)
class Volume:
    """Data that a person must copy: a claim with its size, class, reclaim policy, and where it lies (``node`` and ``path``), as far as
    the cluster says."""

    namespace: str
    claim: str
    size: str
    storage_class: str = ""
    volume: str = ""
    reclaim: str = ""
    kind: str = ""
    node: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """Something about one object: why it is left out, or what a person should know of it."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret that was left behind: its keys, never their values."""

    what: str
    type: str
    keys: tuple[str, ...]


@dataclass(slots=True)
class Index:
    """``version`` of the cluster, ``at`` (seconds since the epoch), its namespaces; ``needs``: what lies above namespaces and must be on
    the new cluster first (kind -> names); ``levels``: namespace -> the Pod Security level that admits its pods."""

    version: str = ""
    at: float = 0.0
    namespaces: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    left_out: list[Told] = field(default_factory=list)
    notes: list[Told] = field(default_factory=list)
    converted: list[Told] = field(default_factory=list)
    secrets: list[Secret] = field(default_factory=list)
    volumes: list[Volume] = field(default_factory=list)
    needs: dict[str, tuple[str, ...]] = field(default_factory=dict)
    levels: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """For the index's file and ``--json``."""
        return asdict(self)


@dataclass(slots=True)
class Export:
    """The objects, in today's versions and without what a server sets, and their index."""

    objects: list[Json] = field(default_factory=list)
    index: Index = field(default_factory=Index)

    def count(self) -> None:
        """Count the objects by their kinds, in the index."""
        self.index.counts = dict(sorted(Counter(o["kind"] for o in self.objects).items()))
