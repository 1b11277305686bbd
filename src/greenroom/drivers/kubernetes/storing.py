"""The checks of where a cluster keeps data: folders of its nodes, and the class that makes volumes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from greenroom.domain.errors import GreenroomError
from greenroom.domain.findings import Checked, Finding, Severity, answered, inapplicable
from greenroom.drivers.kubernetes.api import Json
from greenroom.drivers.kubernetes.names import path

DEFAULT = "storageclass.kubernetes.io/is-default-class"
BY_HAND = "kubernetes.io/no-provisioner"
SYSTEM = "kube-"
"""What the names of Kubernetes' own namespaces begin with: its own pods are there to work on nodes."""

HOST_PATHS, CLASSES = "host-paths", "storage-class"


class Lists(Protocol):
    """What looking needs of the API."""

    def items(self, path: str, labels: Mapping[str, str] | None = None) -> list[Json]:
        """The objects of a list."""


def host_paths(api: Lists, mine: Sequence[str]) -> Checked:
    """Volumes that are folders of a node, wherever this account may look; pods in the namespaces ``mine`` in any case. Those of
    others are only noted: agents of a node have a reason for it. Raises (``no-right``) when nothing at all may be looked at."""
    volumes, pods = _allowed(api, "/api/v1/persistentvolumes"), _allowed(api, "/api/v1/pods")
    if pods is None:
        pods = [pod for space in mine for pod in api.items(path("pods", space))]
    found = [*_of_volumes(volumes or ()), *_of_pods(pods, mine)]
    others = Counter(_space(p) for p in pods if _folders(p) and _space(p) not in mine)
    told = ", ".join(f"{space} ({n})" for space, n in sorted(others.items()) if not space.startswith(SYSTEM))
    notes = [f"pods of others mount folders of their nodes: {told}"] if told else []
    notes += ["this account may not list the cluster's volumes"] if volumes is None else []
    return answered(HOST_PATHS, tuple(found), "; ".join(notes))


def storage_class(api: Lists, wanted: bool) -> Checked:
    """``wanted``: some environment has a database of its own, whose volume is made by the default class."""
    if not wanted:
        return inapplicable(CLASSES, 'no environment has a database of its own (database = "chart")')
    classes = api.items("/apis/storage.k8s.io/v1/storageclasses")
    chosen = [c for c in classes if (c["metadata"].get("annotations") or {}).get(DEFAULT) == "true"]
    return answered(CLASSES, tuple(_of_classes(classes, chosen)))


def _of_classes(classes: Sequence[Json], chosen: Sequence[Json]) -> Iterator[Finding]:
    names = [c["metadata"]["name"] for c in chosen]
    if not chosen:
        there = ", ".join(c["metadata"]["name"] for c in classes)
        yield Finding(
            CLASSES,
            Severity.PROBLEM,
            "no StorageClass is the default: the volume of an environment's own database waits for ever",
            f"there is: {there}" if there else "the cluster has no StorageClass at all",
            f'kubectl annotate storageclass NAME {DEFAULT}=true; or another kind of database than "chart"',
        )
    if len(chosen) > 1:
        yield Finding(
            CLASSES,
            Severity.WARNING,
            f"several StorageClasses are the default: {', '.join(names)}",
            "the youngest of them wins, whichever was meant",
            f"kubectl annotate storageclass NAME {DEFAULT}-",
        )
    for name, one in zip(names, chosen, strict=True):
        if one.get("provisioner") == BY_HAND:
            yield Finding(
                CLASSES,
                Severity.PROBLEM,
                f"the default StorageClass {name} makes no volumes",
                "its volumes are made by hand, before they are asked for",
                "a class that has a provisioner, such as a CSI driver's or local-path",
            )
        elif one.get("reclaimPolicy") == "Retain":
            yield Finding(
                CLASSES,
                Severity.WARNING,
                f"the default StorageClass {name} keeps volumes whose claim has gone",
                "its reclaimPolicy is Retain: env destroy removes the volume's object and says where its data stays",
                "a class with reclaimPolicy Delete for what goes with its environment",
            )


def _of_volumes(volumes: Iterable[Json]) -> Iterator[Finding]:
    for volume in volumes:
        spec = volume.get("spec") or {}
        folder = (spec.get("hostPath") or {}).get("path")
        if folder:
            claim, name = spec.get("claimRef") or {}, volume["metadata"]["name"]
            whose = f" of {claim.get('namespace')}/{claim.get('name')}" if claim else ""
            yield Finding(
                HOST_PATHS,
                Severity.WARNING,
                f"the volume {name}{whose} is the folder {folder} of whichever node its pod runs on",
                "a hostPath volume: on another node the folder is another one, and nothing removes it with its claim",
                "move the data to a volume of a StorageClass, such as local-path or a CSI driver's",
            )


def _of_pods(pods: Iterable[Json], mine: Sequence[str]) -> Iterator[Finding]:
    for pod in pods:
        if _space(pod) in mine and (folders := _folders(pod)):
            yield Finding(
                HOST_PATHS,
                Severity.WARNING,
                f"the pod {_space(pod)}/{pod['metadata']['name']} mounts folders of its node: {', '.join(folders)}",
                "a hostPath volume: a way out of the pod, and data that stays behind when the pod moves",
                "a claim, or an emptyDir for what may be lost",
            )


def _folders(pod: Json) -> list[str]:
    """The folders of its node that a pod mounts."""
    volumes = (pod.get("spec") or {}).get("volumes") or ()
    return [str(v["hostPath"].get("path")) for v in volumes if v.get("hostPath")]


def _space(one: Json) -> str:
    return str(one["metadata"].get("namespace", ""))


def _allowed(api: Lists, path: str) -> list[Json] | None:
    """None: this account may not list them."""
    try:
        return api.items(path)
    except GreenroomError as error:
        if error.code != "no-right":
            raise
        return None
