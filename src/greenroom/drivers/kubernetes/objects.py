"""A cluster's objects as they are, found by asking it which kinds it has: see :class:`greenroom.ports.moving.Cluster`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from greenroom.domain.errors import GreenroomError
from greenroom.drivers.kubernetes.answers import NOT_SEEN
from greenroom.drivers.kubernetes.api import Api, Conflict, Json
from greenroom.ports.moving import Seen

UNLISTED = frozenset({"events", "endpointslices", "leases", "controllerrevisions"})
"""Kinds that nobody writes by hand and that are many."""

COMPUTED = "metrics.k8s.io"
"""Groups that end so are figures, not objects."""

RICHEST = {"horizontalpodautoscalers": ("v2", "v2beta2", "v2beta1")}
"""Kinds of which an older version says more than the stable one of the same server."""

_VERSION = re.compile(r"v(\d+)(?:(alpha|beta)(\d+))?")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind as one version of its API serves it; ``plural``: its name in URLs."""

    version: str
    kind: str
    plural: str
    namespaced: bool
    listed: bool

    @property
    def group(self) -> str:
        """The group of its API, empty for the core."""
        return self.version.rpartition("/")[0]

    def path(self, namespace: str = "", name: str = "") -> str:
        """Where its objects lie, or one of them."""
        root = f"/apis/{self.version}" if "/" in self.version else f"/api/{self.version}"
        within = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        return f"{root}{within}/{self.plural}" + (f"/{name}" if name else "")


class ClusterObjects:
    """See :class:`greenroom.ports.moving.Cluster`."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._silent: list[str] = []
        """Versions of groups whose own server is away."""

    def version(self) -> str:
        return str((self._api.get("/version") or {}).get("gitVersion", ""))

    def namespaces(self) -> list[Json]:
        return self._api.items("/api/v1/namespaces")

    def objects(self, namespace: str) -> Seen:
        found: list[Json] = []
        unread: list[str] = []
        for kind in self._best:
            if not kind.namespaced or not kind.listed or kind.plural in UNLISTED:
                continue
            try:
                items = self._api.items(kind.path(namespace), quick=bool(kind.group))
            except GreenroomError as error:
                if error.code not in ("no-right", "cluster-refused", NOT_SEEN):
                    raise
                unread.append(kind.plural)
                continue
            found += [{**item, "apiVersion": kind.version, "kind": kind.kind} for item in items]
        return Seen(tuple(found), (*unread, *self._silent))

    def above(self, kind: str) -> list[Json]:
        found: list[Json] = []
        for known in self._best:
            if known.plural == kind and not known.namespaced and known.listed:
                try:
                    found += self._api.items(known.path(), quick=bool(known.group))
                except GreenroomError as error:
                    if error.code != "no-right":
                        raise
        return found

    def serves(self, version: str, kind: str) -> bool:
        return self._kind(version, kind) is not None

    def apply(self, found: Json, dry_run: bool) -> None:
        kind = self._kind(found["apiVersion"], found["kind"])
        if kind is None:
            raise _refused(f"it has no {found['kind']} in {found['apiVersion']}")
        meta = found["metadata"]
        try:
            self._api.apply(kind.path(meta.get("namespace", ""), meta["name"]), found, dry_run)
        except Conflict as conflict:
            raise _refused(str(conflict)) from conflict

    def _kind(self, version: str, kind: str) -> Kind | None:
        return next((k for k in self._kinds if (k.version, k.kind) == (version, kind)), None)

    @cached_property
    def _kinds(self) -> tuple[Kind, ...]:
        """Every kind in every version."""
        groups = (self._api.get("/apis") or {}).get("groups") or ()
        versions = [
            v["groupVersion"] for g in groups if not g["name"].endswith(COMPUTED) for v in g["versions"]
        ]
        found = [*_listed("v1", self._api.get("/api/v1"))]
        for version in versions:
            try:
                found += _listed(version, self._api.get(f"/apis/{version}", quick=True))
            except GreenroomError as error:
                if error.code != NOT_SEEN:
                    raise
                self._silent.append(version)
        return tuple(found)

    @cached_property
    def _best(self) -> tuple[Kind, ...]:
        """Every kind once: in the newest version of its group, and not in ``extensions`` where it has moved to a group of its own."""
        best: dict[tuple[str, str], Kind] = {}
        for kind in self._kinds:
            key = kind.group, kind.plural
            if key not in best or _newness(kind) > _newness(best[key]):
                best[key] = kind
        moved = {plural for group, plural in best if group != "extensions"}
        return tuple(k for (group, plural), k in best.items() if group != "extensions" or plural not in moved)


def _listed(version: str, answer: Json | None) -> Iterator[Kind]:
    for found in (answer or {}).get("resources") or ():
        if "/" not in found["name"]:
            verbs = found.get("verbs") or ()
            yield Kind(version, found["kind"], found["name"], bool(found["namespaced"]), "list" in verbs)


def _newness(kind: Kind) -> tuple[Any, ...]:
    """Stable before beta before alpha, then by number: the order of Kubernetes itself."""
    name = kind.version.rpartition("/")[2]
    if name in (rich := RICHEST.get(kind.plural, ())):
        return (9, -rich.index(name), 0)
    match = _VERSION.fullmatch(name)
    if match is None:
        return (0, 0, 0)
    stage = {None: 3, "beta": 2, "alpha": 1}[match[2]]
    return stage, int(match[1]), int(match[3] or 0)


def _refused(message: str) -> GreenroomError:
    return GreenroomError("cluster-refused", f"the cluster refuses: {message}", "greenroom doctor cluster")
