"""Checks of a cluster's storage and kinds, on made-up clusters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from greenroom.domain.cluster import ClusterEdge, EdgeMode
from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.findings import Checked, State
from greenroom.drivers.kubernetes.extending import CERTIFICATES, GATEWAY, missing_kinds
from greenroom.drivers.kubernetes.storing import BY_HAND, DEFAULT, host_paths, storage_class

Json = dict[str, Any]
PODS, VOLUMES = "/api/v1/pods", "/api/v1/persistentvolumes"


class Told:
    """A cluster that consists of what it is told to answer; a list that is None may not be read."""

    def __init__(self, answers: Mapping[str, list[Json] | None]) -> None:
        self._answers = answers

    def items(self, path: str, labels: Mapping[str, str] | None = None) -> list[Json]:
        found = self._answers.get(path, [])
        if found is None:
            raise GreenroomError("no-right", "the cluster refuses", "", Exit.USAGE)
        return found

    def get(self, path: str) -> Json | None:
        found = self._answers.get(path)
        return None if found is None else {"resources": found}


def pod(space: str, *folders: str) -> Json:
    volumes: list[Json] = [{"name": "tmp", "emptyDir": {}}]
    volumes += [{"name": f, "hostPath": {"path": f}} for f in folders]
    return {"metadata": {"name": "p", "namespace": space}, "spec": {"volumes": volumes}}


def volume(name: str, **spec: Any) -> Json:
    return {"metadata": {"name": name}, "spec": spec}


def told(checked: Checked) -> list[tuple[str, str]]:
    return [(str(f.severity), f.message) for f in checked.findings]


def test_folders_of_nodes_are_found_in_volumes_and_in_pods_of_ours() -> None:
    claim = {"namespace": "shop-fb-1", "name": "uploads"}
    lists = {
        VOLUMES: [volume("pv-1", hostPath={"path": "/srv/x"}, claimRef=claim), volume("pv-2", csi={})],
        PODS: [pod("shop-fb-1", "/etc"), pod("shop-fb-1"), pod("logs", "/var/log"), pod("kube-system", "/")],
    }
    found = host_paths(Told(lists), ["shop-fb-1"])
    assert told(found) == [
        (
            "warning",
            "the volume pv-1 of shop-fb-1/uploads is the folder /srv/x of whichever node its pod runs on",
        ),
        ("warning", "the pod shop-fb-1/p mounts folders of its node: /etc"),
    ]
    assert found.note == "pods of others mount folders of their nodes: logs (1)"
    assert host_paths(Told({}), []).state is State.CLEAN


def test_who_may_look_at_his_own_namespaces_alone_is_told_of_those() -> None:
    mine = "/api/v1/namespaces/shop-fb-1/pods"
    lists = {VOLUMES: None, PODS: None, mine: [pod("shop-fb-1", "/etc")]}
    found = host_paths(Told(lists), ["shop-fb-1"])
    assert [f.severity for f in found.findings] == ["warning"]
    assert found.note == "this account may not list the cluster's volumes"
    with pytest.raises(GreenroomError):
        host_paths(Told({**lists, mine: None}), ["shop-fb-1"])


def kept_by(name: str, default: bool, **more: Any) -> Json:
    notes = {DEFAULT: "true"} if default else {}
    return {"metadata": {"name": name, "annotations": notes}, "provisioner": "csi.example", **more}


@pytest.mark.parametrize(
    ("classes", "words"),
    [
        ([], ["no StorageClass is the default"]),
        ([kept_by("slow", False)], ["no StorageClass is the default"]),
        ([kept_by("a", True), kept_by("b", True)], ["several StorageClasses are the default: a, b"]),
        ([kept_by("a", True, provisioner=BY_HAND)], ["the default StorageClass a makes no volumes"]),
        ([kept_by("a", True, reclaimPolicy="Retain")], ["the default StorageClass a keeps volumes"]),
        ([kept_by("a", True, reclaimPolicy="Delete"), kept_by("b", False)], []),
    ],
)
def test_the_default_class_makes_and_removes_volumes(classes: list[Json], words: list[str]) -> None:
    there = Told({"/apis/storage.k8s.io/v1/storageclasses": classes})
    found = told(storage_class(there, wanted=True))
    assert [message.startswith(word) for (_, message), word in zip(found, words, strict=True)] == [
        True for _ in words
    ]
    assert storage_class(there, wanted=False).state is State.INAPPLICABLE


@pytest.mark.parametrize(
    ("edge", "kinds", "lacking"),
    [
        (ClusterEdge(gateway="edge/public"), {GATEWAY: ["httproutes"]}, []),
        (ClusterEdge(gateway="edge/public"), {}, ["the cluster has no httproutes of"]),
        (ClusterEdge(), {GATEWAY: ["httproutes"]}, ["the cluster has no gateways of"]),
        (ClusterEdge(mode=EdgeMode.INGRESS), {}, []),
        (ClusterEdge(mode=EdgeMode.INGRESS, issuer="le"), {}, ["the cluster has no clusterissuers of"]),
        (ClusterEdge(mode=EdgeMode.INGRESS, issuer="le"), {CERTIFICATES: ["clusterissuers"]}, []),
    ],
)
def test_kinds_that_the_edge_is_made_of(
    edge: ClusterEdge, kinds: dict[str, list[str]], lacking: list[str]
) -> None:
    there = Told({f"/apis/{version}": [{"name": n} for n in names] for version, names in kinds.items()})
    found = missing_kinds(there, edge)
    assert [f.severity for f in found.findings] == ["problem" for _ in lacking]
    assert all(
        f.message.startswith(word) and f.cause and f.cure
        for f, word in zip(found.findings, lacking, strict=True)
    )
    assert found.note.startswith("no ServiceMonitor")
