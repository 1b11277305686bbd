"""Take along what people made on a cluster, in today's shape, and say what is left behind."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.moving.converting import converted
from greenroom.domain.moving.export import Export, Index, Secret, Told, Volume, rank
from greenroom.domain.moving.pod_security import Level, level_of_pod, level_of_policy
from greenroom.domain.moving.taking import (
    HELM_RELEASE,
    NOT_OURS,
    TOKEN,
    Choice,
    around,
    left_out,
    made_anew,
    stripped,
)
from greenroom.domain.objects import Id, Json, pod_template
from greenroom.ports import Clock
from greenroom.ports.moving import Cluster


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which namespaces: those that are ``named``, else ``mine``, the project's; and with ``all`` every one that is not the cluster's own.
    ``lenient``: whatever is not there is no error."""

    named: tuple[str, ...] = ()
    mine: Collection[str] = ()
    all: bool = False
    lenient: bool = False


def export(cluster: Cluster, clock: Clock, wanted: Wanted, choice: Choice) -> Export:
    """Everything of the wanted namespaces. Raises (exit 2) when a named one is not there, or none is."""
    spaces = _spaces(cluster, wanted)
    made = Export(index=Index(cluster.version(), clock.now(), tuple(s["metadata"]["name"] for s in spaces)))
    taker = _Taker(cluster, choice, made)
    for space in spaces:
        taker.take(space)
    taker.finish()
    return made


def _spaces(cluster: Cluster, wanted: Wanted) -> list[Json]:
    there = {n["metadata"]["name"]: n for n in cluster.namespaces()}
    if (absent := [name for name in wanted.named if name not in there]) and not wanted.lenient:
        raise GreenroomError(
            "no-namespace", f"there is no namespace {', '.join(absent)}", "kubectl get namespaces", Exit.USAGE
        )
    names = set(wanted.named or wanted.mine) & there.keys()
    if wanted.all:
        names |= {name for name in there if not NOT_OURS.search(name)}
    if not names and not wanted.lenient:
        hint = "name them: --namespace NAME, or --all"
        raise GreenroomError("no-namespace", "the cluster has no namespace of this project", hint, Exit.USAGE)
    return [there[name] for name in sorted(names)]


class _Taker:
    def __init__(self, cluster: Cluster, choice: Choice, made: Export) -> None:
        self._cluster, self._choice, self._made = cluster, choice, made
        self._volumes = {v["metadata"]["name"]: v for v in cluster.above("persistentvolumes")}
        self._needs: dict[str, set[str]] = defaultdict(set)
        self._owned: Counter[str] = Counter()

    @property
    def _index(self) -> Index:
        return self._made.index

    def take(self, space: Json) -> None:
        """A namespace and what lies in it."""
        name = space["metadata"]["name"]
        if name not in ("default", "kube-system"):
            self._made.objects.append(stripped({**space, "apiVersion": "v1", "kind": "Namespace"}))
        seen = self._cluster.objects(name)
        others = around(seen.objects)
        for found in seen.objects:
            self._one(found, left_out(found, self._choice, others))
        for kind in seen.unread:
            self._index.left_out.append(
                Told(f"{name}/{kind}", "this account may not list them, or what serves them is away")
            )
        self._index.levels[name] = _level(seen.objects)

    def _one(self, found: Json, why: str) -> None:
        what = str(Id.of(found))
        if found["kind"] == "Secret" and found.get("type") not in (TOKEN, HELM_RELEASE) and why:
            keys = tuple(sorted(found.get("data") or {}))
            self._index.secrets.append(Secret(what, str(found.get("type", "")), keys))
        if found["kind"] == "PersistentVolumeClaim":
            self._index.volumes.append(_volume(found, self._volumes))
        if made_anew(found):
            self._owned[f"{found['metadata']['namespace']}/{found['kind']}"] += 1
            return
        if why:
            self._index.left_out.append(Told(what, why))
            return
        new = converted(found)
        self._index.notes += [Told(what, note) for note in new.notes]
        if new.found is None:
            self._index.left_out.append(Told(what, new.notes[0]))
            return
        if new.before:
            self._index.converted.append(Told(what, f"{new.before} -> {new.found['apiVersion']}"))
        self._need(new.found)
        self._made.objects.append(stripped(new.found, self._choice))

    def _need(self, found: Json) -> None:
        """What lies above namespaces and this object asks for by name."""
        spec = found.get("spec") or {}
        pod = (pod_template(found) or {}).get("spec") or {}
        ref = found.get("roleRef") or {}
        named = {
            "StorageClass": spec.get("storageClassName")
            if found["kind"] == "PersistentVolumeClaim"
            else None,
            "IngressClass": spec.get("ingressClassName"),
            "PriorityClass": pod.get("priorityClassName"),
            "RuntimeClass": pod.get("runtimeClassName"),
            "ClusterRole": ref.get("name") if ref.get("kind") == "ClusterRole" else None,
        }
        for kind, name in named.items():
            if name:
                self._needs[kind].add(str(name))
        group = found["apiVersion"].rpartition("/")[0]
        if group == "gateway.networking.k8s.io" or ("." in group and not group.endswith(".k8s.io")):
            self._needs["CustomResourceDefinition"].add(f"{found['kind']} ({found['apiVersion']})")

    def finish(self) -> None:
        """What is to be said of the whole."""
        for policy in self._cluster.above("podsecuritypolicies"):
            level, reasons = level_of_policy(policy)
            because = f"; it allows {', '.join(reasons[:4])}" if reasons else ""
            told = f"removed in Kubernetes 1.25; the level {level} fits{because}"
            self._index.left_out.append(Told(f"PodSecurityPolicy/{policy['metadata']['name']}", told))
        self._index.left_out += [
            Told(f"{what} ({count})", "made by the objects that own them")
            for what, count in sorted(self._owned.items())
        ]
        accounts = [o for o in self._made.objects if o["kind"] == "ServiceAccount"]
        bound = _bound(self._cluster.above("clusterrolebindings"), accounts)
        self._needs["ClusterRoleBinding"] |= bound
        self._index.needs = {k: tuple(sorted(v)) for k, v in sorted(self._needs.items()) if v}
        self._made.objects.sort(key=rank)
        self._made.count()


def _bound(bindings: Iterable[Json], accounts: Sequence[Json]) -> set[str]:
    """ClusterRoleBindings that give rights to one of the accounts."""
    mine = {(a["metadata"]["namespace"], a["metadata"]["name"]) for a in accounts}
    return {
        b["metadata"]["name"]
        for b in bindings
        for s in b.get("subjects") or ()
        if s.get("kind") == "ServiceAccount" and (s.get("namespace"), s.get("name")) in mine
    }


def _level(objects: Iterable[Json]) -> str:
    """The strictest level that admits all pods which the workloads make."""
    order = list(Level)
    specs = [t["spec"] for o in objects if (t := pod_template(o)) is not None]
    return str(min((level_of_pod(s)[0] for s in specs), key=order.index, default=Level.RESTRICTED))


def _volume(claim: Json, volumes: dict[str, Json]) -> Volume:
    spec, meta = claim.get("spec") or {}, claim["metadata"]
    bound = volumes.get(spec.get("volumeName") or "") or {}
    of = bound.get("spec") or {}
    kind = next((k for k in of if isinstance(of[k], dict) and k not in _NO_SOURCES), "")
    source = of.get(kind) or {}
    return Volume(
        namespace=meta["namespace"],
        claim=meta["name"],
        size=str(((spec.get("resources") or {}).get("requests") or {}).get("storage", "")),
        storage_class=str(spec.get("storageClassName") or of.get("storageClassName") or ""),
        volume=str(spec.get("volumeName") or ""),
        reclaim=str(of.get("persistentVolumeReclaimPolicy") or ""),
        kind=kind,
        node=_node(of),
        path=str(source.get("path") or ""),
    )


_NO_SOURCES = frozenset({"capacity", "claimRef", "nodeAffinity"})


def _node(spec: Json) -> str:
    """The node that a volume is tied to, by the label of its name."""
    terms = ((spec.get("nodeAffinity") or {}).get("required") or {}).get("nodeSelectorTerms") or ()
    names = [
        value
        for term in terms
        for e in term.get("matchExpressions") or ()
        if e.get("key") == "kubernetes.io/hostname"
        for value in e.get("values") or ()
    ]
    return ", ".join(names)
