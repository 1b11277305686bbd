"""What earlier tools left on a real cluster is found there, and left alone."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import cluster
import cluster_stand as stand
import pytest

from greenroom.drivers.kubernetes.api import Api
from greenroom.drivers.kubernetes.kubeconfig import cluster_of
from greenroom.drivers.kubernetes.leftovers import ClusterLeftovers
from greenroom.drivers.system.clock import SystemClock

Json = dict[str, Any]
SPACE = "leftovers"
FOLDER = "/var/lib/leftovers-of-nobody"
SIZE = {"storage": "1Mi"}
RETAINED = {"capacity": SIZE, "accessModes": ["ReadWriteOnce"], "persistentVolumeReclaimPolicy": "Retain"}
WANTED = {"accessModes": ["ReadWriteOnce"], "storageClassName": "", "resources": {"requests": SIZE}}
NOTES = {"meta.helm.sh/release-name": "shop-fb-9", "meta.helm.sh/release-namespace": SPACE}
LABELS = {"app": "old"}
POD: Json = {
    "metadata": {"labels": LABELS},
    "spec": {"containers": [{"name": "x", "image": "none.invalid/x"}]},
}
GROUPS = {"Deployment": "apps/v1", "Job": "batch/v1"}


def apply(kind: str, name: str, spec: Json, **metadata: Any) -> None:
    body = {"apiVersion": GROUPS.get(kind, "v1"), "kind": kind, "metadata": {"name": name, **metadata}}
    stand.kubectl("-n", SPACE, "apply", "-f", "-", text=json.dumps({**body, "spec": spec}))


@pytest.fixture(scope="module")
def old() -> Iterator[None]:
    """A volume whose claim has gone, a claim that nobody uses, a job past its time, a release of a branch."""
    cluster.require()
    stand.kubectl("create", "namespace", SPACE)
    try:
        apply("PersistentVolume", SPACE, {**RETAINED, "hostPath": {"path": FOLDER}, "storageClassName": ""})
        apply("PersistentVolumeClaim", "gone", {**WANTED, "volumeName": SPACE})
        apply("PersistentVolumeClaim", "free", {**WANTED, "volumeName": "there-is-none"})
        job = {"backoffLimit": 0, "activeDeadlineSeconds": 1}
        template = {**POD, "spec": {**POD["spec"], "restartPolicy": "Never"}}
        apply("Job", "migrate-22", {**job, "template": template})
        deployment = {"replicas": 0, "selector": {"matchLabels": LABELS}, "template": POD}
        apply("Deployment", "shop-fb-9-web", deployment, annotations=NOTES)
        bound = ("wait", "pvc/gone", "--for=jsonpath={.status.phase}=Bound", "--timeout=60s")
        stand.kubectl("-n", SPACE, *bound)
        stand.kubectl("-n", SPACE, "delete", "pvc", "gone")
        stand.kubectl("wait", f"pv/{SPACE}", "--for=jsonpath={.status.phase}=Released", "--timeout=60s")
        stand.kubectl("-n", SPACE, "wait", "job/migrate-22", "--for=condition=Failed", "--timeout=60s")
        yield
    finally:
        stand.kubectl("delete", "namespace", SPACE, "--wait=false")
        stand.kubectl("delete", "pv", SPACE, "--ignore-not-found", "--wait=false")


@pytest.mark.usefixtures("old")
def test_it_is_found_and_left_alone() -> None:
    with closing(Api(lambda: cluster_of(os.environ), SystemClock(), print)) as api:
        found = ClusterLeftovers(api, print).found(lambda name: "fb-9" if name == "shop-fb-9" else None)
    mine = [(x.kind, x.name) for x in found if SPACE in x.name]
    assert mine == [
        ("claim", f"{SPACE}/free"),
        ("folder", f"?:{FOLDER}"),
        ("job", f"{SPACE}/migrate-22"),
        ("release", f"{SPACE}/shop-fb-9"),
        ("volume", SPACE),
    ]
    there = stand.kubectl("get", "pv", SPACE, "-o", "jsonpath={.status.phase}")
    assert there == "Released"
