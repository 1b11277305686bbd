"""The checks of a cluster, on a real one: with all rights, and for an account that has none."""

from __future__ import annotations

import json
import os
from contextlib import closing

import cluster
import cluster_stand as stand

from greenroom.domain.cluster import ClusterEdge, EdgeMode
from greenroom.domain.findings import CLUSTER_CHECKS, State
from greenroom.drivers.kubernetes.api import Api
from greenroom.drivers.kubernetes.examining import KubernetesExaminer
from greenroom.drivers.kubernetes.helm import Helm
from greenroom.drivers.kubernetes.kubeconfig import cluster_of
from greenroom.drivers.kubernetes.names import Names
from greenroom.drivers.kubernetes.naming import Naming
from greenroom.drivers.system.clock import SystemClock
from greenroom.services.examining import Examined, examine


def report(edge: ClusterEdge, names: tuple[str, ...] = ()) -> Examined:
    api = Api(lambda: cluster_of(os.environ), SystemClock(), print)
    helm = Helm(api, cluster.ROOT / "deploy" / "chart", os.environ)
    with closing(api):
        naming = Naming((), edge, tuple, SystemClock())
        return examine(
            KubernetesExaminer(api, Names("nobody"), edge, helm.version, naming),
            "the cluster",
            CLUSTER_CHECKS,
            names,
        )


def test_every_check_is_answered() -> None:
    cluster.require()
    found = report(ClusterEdge(mode=EdgeMode.NONE))
    assert [c.check.name for c in found.checked] == list(CLUSTER_CHECKS)
    assert {c.check.name for c in found.checked if c.state is State.SKIPPED} == set()
    assert [p.check for p in found.problems] == []


def test_a_gateway_that_is_not_there_is_told() -> None:
    cluster.require()
    found = report(ClusterEdge(mode=EdgeMode.GATEWAY, gateway="default/none"), ("gateway",))
    assert ["default/none is not there" in p.message for p in found.problems] == [True]


def test_kinds_that_nobody_has_installed_are_told() -> None:
    """The cluster of the tests has the Gateway API, and no cert-manager."""
    cluster.require()
    edge = ClusterEdge(mode=EdgeMode.GATEWAY, gateway="default/none", issuer="letsencrypt")
    found = report(edge, ("kinds",))
    assert ["clusterissuers of cert-manager.io/v1" in p.message for p in found.problems] == [True]


def test_a_volume_that_is_a_folder_of_a_node_is_told() -> None:
    cluster.require()
    spec = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/srv/x"}}
    body = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "examined"}, "spec": spec}
    stand.kubectl("apply", "-f", "-", text=json.dumps(body))
    try:
        found = report(ClusterEdge(mode=EdgeMode.NONE), ("host-paths",))
        told = [f.message for c in found.checked for f in c.findings if "examined" in f.message]
        assert told == ["the volume examined is the folder /srv/x of whichever node its pod runs on"]
    finally:
        stand.kubectl("delete", "persistentvolume", "examined", "--wait=false")


def test_a_namespace_that_is_held_is_named() -> None:
    cluster.require()
    stand.kubectl("create", "namespace", "examined")
    held = (
        '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"held","finalizers":["example.org/never"]}}'
    )
    stand.kubectl("-n", "examined", "apply", "-f", "-", text=held)
    try:
        stand.kubectl("delete", "namespace", "examined", "--wait=false")
        stand.kubectl(
            "wait", "namespace/examined", "--for=condition=NamespaceFinalizersRemaining", "--timeout=60s"
        )
        found = report(ClusterEdge(mode=EdgeMode.NONE), ("stuck-namespaces",))
        warned = [f for c in found.checked for f in c.findings if "examined" in f.message]
        assert ["example.org/never" in f.cause for f in warned] == [True]
    finally:
        stand.kubectl(
            "-n", "examined", "patch", "configmap", "held", "-p", '{"metadata":{"finalizers":null}}'
        )
