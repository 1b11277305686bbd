"""An API server as far as moving needs one: discovery, lists, and server-side apply that keeps what it is sent. Over real HTTP."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

import yaml
from listening import Json, Replying, listening

from greenroom.drivers.kubernetes.api import Api
from greenroom.drivers.kubernetes.objects import ClusterObjects
from greenroom.drivers.kubernetes.reaching import Cluster
from greenroom.drivers.system.clock import SystemClock

OLD = Path(__file__).parents[2] / "data" / "kubernetes-1.18.yaml"
ABOVE = {
    *("Namespace", "PersistentVolume", "PodSecurityPolicy", "StorageClass", "PriorityClass", "IngressClass"),
    *("ClusterRole", "ClusterRoleBinding", "RuntimeClass"),
}
TODAY = (
    *(
        f"v1/{kind}"
        for kind in ("Namespace", "Service", "Endpoints", "ConfigMap", "Secret", "ServiceAccount", "Pod")
    ),
    *(
        "v1/PersistentVolumeClaim",
        "v1/PersistentVolume",
        "apps/v1/Deployment",
        "apps/v1/ReplicaSet",
        "batch/v1/CronJob",
    ),
    *(
        "batch/v1/Job",
        "networking.k8s.io/v1/Ingress",
        "networking.k8s.io/v1/NetworkPolicy",
        "policy/v1/PodDisruptionBudget",
    ),
    *("autoscaling/v2/HorizontalPodAutoscaler", "rbac.authorization.k8s.io/v1/RoleBinding"),
    *("storage.k8s.io/v1/StorageClass", "scheduling.k8s.io/v1/PriorityClass"),
)
"""Kinds of a server of today, as version/kind."""


def old_objects() -> list[Json]:
    """The samples of Kubernetes 1.18."""
    return [dict(found) for found in yaml.safe_load_all(OLD.read_text())]


class Answering(Protocol):
    """What answers a request: a status and a document."""

    def answer(self, method: str, target: str, body: Json | None) -> tuple[int, Json]:
        """Of a path with its query."""


class Server:
    """``kinds``: as version/kind, beside those of its objects. ``refuse``: names that it does not take."""

    def __init__(self, version: str, objects: Sequence[Json], kinds: Sequence[str] = ()) -> None:
        self.version = version
        self.kinds = {*kinds, *(f"{o['apiVersion']}/{o['kind']}" for o in objects)}
        self.there = {self._place(o): copy.deepcopy(o) for o in objects}
        self.refuse: set[str] = set()
        self.dry = 0

    def answer(self, method: str, target: str, body: Json | None) -> tuple[int, Json]:
        """Status and document."""
        parts = urlsplit(target)
        steps = parts.path.strip("/").split("/")
        if method == "GET" and steps == ["version"]:
            return 200, {"gitVersion": self.version}
        if steps == ["apis"]:
            return 200, {"groups": self._groups()}
        depth = 2 if steps[0] == "api" else 3
        version = "/".join(steps[1:depth])
        if len(steps) == depth:
            return 200, {"resources": self._resources(version)}
        return self._object(method, version, steps[depth:], body, "dryRun" in parse_qs(parts.query))

    def _object(
        self, method: str, version: str, steps: list[str], body: Json | None, dry: bool
    ) -> tuple[int, Json]:
        namespace = steps[1] if steps[0] == "namespaces" and len(steps) > 2 else ""
        plural, name = ([*steps[2:], ""] if namespace else [*steps, ""])[:2]
        if method == "GET":
            where = (version, plural, namespace)
            bare = {"apiVersion", "kind"}
            found = [
                {k: v for k, v in o.items() if k not in bare} for p, o in self.there.items() if p[:3] == where
            ]
            return 200, {"items": found}
        assert body is not None
        if name in self.refuse:
            return 422, {"message": f"{name} is invalid"}
        if namespace and ("v1", "namespaces", "", namespace) not in self.there:
            return 404, {"message": f"namespaces {namespace} not found"}
        if dry:
            self.dry += 1
        else:
            self.there[version, plural, namespace, name] = {**body, "status": {}}
        return 200, body

    def _place(self, found: Json) -> tuple[str, str, str, str]:
        meta = found["metadata"]
        return found["apiVersion"], plural_of(found["kind"]), meta.get("namespace", ""), meta["name"]

    def _groups(self) -> list[Json]:
        versions = sorted({k.rpartition("/")[0] for k in self.kinds if k.count("/") > 1})
        names = sorted({v.partition("/")[0] for v in versions})
        return [
            {"name": n, "versions": [{"groupVersion": v} for v in versions if v.partition("/")[0] == n]}
            for n in names
        ]

    def _resources(self, version: str) -> list[Json]:
        kinds = sorted(k.rpartition("/")[2] for k in self.kinds if k.rpartition("/")[0] == version)
        return [
            {"name": plural_of(k), "kind": k, "namespaced": k not in ABOVE, "verbs": ["list", "patch"]}
            for k in kinds
        ]


def plural_of(kind: str) -> str:
    """As URLs have it."""
    low = kind.lower()
    if low.endswith(("s", "ss")):
        return low if low == "endpoints" else f"{low}es"
    return f"{low[:-1]}ies" if low.endswith("y") else f"{low}s"


@contextmanager
def serving(server: Server) -> Iterator[ClusterObjects]:
    """The cluster as Greenroom sees it."""
    with serving_at(server) as port:
        api = Api(lambda: Cluster("127.0.0.1", port, None, {}), SystemClock(), print)
        try:
            yield ClusterObjects(api)
        finally:
            api.close()


@contextmanager
def serving_at(server: Answering) -> Iterator[int]:
    """The port where it listens."""

    class Handler(Replying):
        def reply(self, body: Json | None) -> tuple[int, Json]:
            return server.answer(self.command, self.path, body)

    with listening(Handler) as port:
        yield port
