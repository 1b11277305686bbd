"""Make on a cluster what was taken from another. Applied twice it is the same: a killed import is run again."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.moving.export import Export, Told, rank
from greenroom.domain.objects import Id, Json
from greenroom.ports.moving import Cluster

REPLICAS, SUSPENDED = "greenroom.dev/replicas", "greenroom.dev/suspended"
"""What a quiet start has set aside; the next import without it brings the figures of the export back."""

NO_NODE = "greenroom.dev/no-node"
"""The label that a quiet DaemonSet asks for, and no node has."""

SCALED = frozenset({"Deployment", "StatefulSet", "ReplicaSet", "ReplicationController"})

ABOVE = {
    "StorageClass": "storageclasses",
    "PersistentVolume": "persistentvolumes",
    "IngressClass": "ingressclasses",
    "PriorityClass": "priorityclasses",
    "RuntimeClass": "runtimeclasses",
    "ClusterRole": "clusterroles",
    "ClusterRoleBinding": "clusterrolebindings",
}
"""Kind above namespaces -> its name in URLs."""


@dataclass(frozen=True, slots=True)
class How:
    """``into``: old namespace -> new one; ``quiet``: workloads without pods, cron roles suspended; ``dry_run``: only ask the server."""

    into: Mapping[str, str] = field(default_factory=dict)
    quiet: bool = False
    dry_run: bool = False


@dataclass(slots=True)
class Imported:
    """What was applied, what the cluster refused and why, what it lacks above namespaces, and what a person should look at."""

    applied: list[str] = field(default_factory=list)
    refused: list[Told] = field(default_factory=list)
    absent: list[Told] = field(default_factory=list)
    notes: list[Told] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return asdict(self)


def bring(cluster: Cluster, export: Export, how: How, say: Callable[[str], None]) -> Imported:
    """Apply everything in order. What the cluster refuses does not end it: the rest is applied, and the refusals are told.

    Raises (exit 2) when ``into`` names a namespace that was not exported, and when the cluster is away.
    """
    if unknown := sorted(how.into.keys() - set(export.index.namespaces)):
        has = ", ".join(export.index.namespaces)
        raise GreenroomError(
            "no-namespace", f"the export has no namespace {unknown[0]}", f"it has: {has}", Exit.USAGE
        )
    made = Imported(absent=_absent(cluster, export))
    for lacking in made.absent:
        say(f"missing on the cluster: {lacking.what}")
    there = {n["metadata"]["name"] for n in cluster.namespaces()}
    for found in sorted((placed(o, how.into) for o in export.objects), key=rank):
        if how.dry_run and Id.of(found).namespace not in {*there, ""}:
            made.notes.append(Told(str(Id.of(found)), "not tried: its namespace is not there yet"))
            continue
        _apply(cluster, quieted(found) if how.quiet else found, how.dry_run, made)
    made.notes += _mentions(export.objects, how.into)
    say(
        f"{len(made.applied)} object(s) {'would be ' if how.dry_run else ''}applied, {len(made.refused)} refused"
    )
    return made


def _apply(cluster: Cluster, found: Json, dry_run: bool, made: Imported) -> None:
    what = str(Id.of(found))
    if not cluster.serves(found["apiVersion"], found["kind"]):
        made.refused.append(Told(what, f"the cluster has no {found['kind']} in {found['apiVersion']}"))
        return
    try:
        cluster.apply(found, dry_run)
    except GreenroomError as error:
        if error.code not in ("cluster-refused", "no-right"):
            raise
        made.refused.append(Told(what, error.message))
    else:
        made.applied.append(what)


def _absent(cluster: Cluster, export: Export) -> list[Told]:
    """What the export needs above namespaces and the cluster has not."""
    found: list[Told] = []
    for kind, names in export.index.needs.items():
        if kind == "CustomResourceDefinition":
            known = {n for n in names if cluster.serves(*_version_and_kind(n))}
        else:
            known = {str(o["metadata"]["name"]) for o in cluster.above(ABOVE[kind])}
        found += [Told(f"{kind}/{n}", "make it first") for n in names if n not in known]
    return found


def _version_and_kind(told: str) -> tuple[str, str]:
    kind, _, version = told.rstrip(")").partition(" (")
    return version, kind


def placed(found: Json, into: Mapping[str, str]) -> Json:
    """The object in its new namespace, where there is one: itself, and the accounts that a binding names."""
    made: Json = copy.deepcopy(found)
    meta = made["metadata"]
    if made["kind"] == "Namespace":
        meta["name"] = into.get(meta["name"], meta["name"])
    elif "namespace" in meta:
        meta["namespace"] = into.get(meta["namespace"], meta["namespace"])
    for subject in made.get("subjects") or ():
        if "namespace" in subject:
            subject["namespace"] = into.get(subject["namespace"], subject["namespace"])
    return made


def quieted(found: Json) -> Json:
    """A workload without pods, a cron role that is suspended; what it had stands in an annotation. A DaemonSet has no number of pods:
    it asks for nodes that there are none of, until an import without it takes that word away again."""
    if found["kind"] not in {*SCALED, "CronJob", "DaemonSet"}:
        return found
    made: Json = copy.deepcopy(found)
    spec, notes = made.setdefault("spec", {}), made["metadata"].setdefault("annotations", {})
    if made["kind"] == "CronJob":
        notes[SUSPENDED] = json.dumps(bool(spec.get("suspend")))
        spec["suspend"] = True
    elif made["kind"] == "DaemonSet":
        pod = spec.setdefault("template", {}).setdefault("spec", {})
        pod["nodeSelector"] = {**(pod.get("nodeSelector") or {}), NO_NODE: "true"}
    else:
        notes[REPLICAS] = str(spec.get("replicas", 1))
        spec["replicas"] = 0
    return made


def _mentions(objects: Iterable[Json], into: Mapping[str, str]) -> Sequence[Told]:
    """Objects whose text names a Service of a namespace that is called otherwise now."""
    return [
        Told(str(Id.of(found)), f"its text names .{old}.svc, and the namespace is called {new} now")
        for old, new in into.items()
        if old != new
        for found in objects
        if f".{old}.svc" in json.dumps(found) or f".{old}:" in json.dumps(found)
    ]
