"""What the API server of a real cluster says to the chart's pods: restricted Pod Security, and a quota that holds."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from chart_of import VARIANTS, objects, rendered, variant

Kubectl = Callable[..., subprocess.CompletedProcess[str]]
ENFORCED = {
    "pod-security.kubernetes.io/enforce": "restricted",
    "pod-security.kubernetes.io/warn": "restricted",
}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Kubectl]:
    """kubectl in a namespace of its own, which is gone afterwards."""
    if not os.environ.get("KUBECONFIG"):
        pytest.skip("KUBECONFIG names no cluster")
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not on PATH")
    namespace = f"chart-{uuid.uuid4().hex[:8]}"

    def run(*words: str, body: Any = None) -> subprocess.CompletedProcess[str]:
        argv = ["kubectl", "--namespace", namespace, *words]
        told = json.dumps(body) if body is not None else None
        return subprocess.run(argv, input=told, capture_output=True, text=True, check=False, timeout=120)

    meta = {"name": namespace, "labels": ENFORCED}
    made = run("create", "-f", "-", body={"apiVersion": "v1", "kind": "Namespace", "metadata": meta})
    assert made.returncode == 0, made.stderr
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "shop-production"}}
    assert run("create", "-f", "-", body=account).returncode == 0
    yield run
    run("delete", "namespace", namespace, "--wait=false")


def pods(text: str) -> list[dict[str, Any]]:
    """A Pod made from every template of a manifest: admission looks at pods, not at Deployments."""
    found = []
    for one in objects(text):
        spec = one.get("spec", {})
        if one["kind"] == "CronJob":
            spec = spec["jobTemplate"]["spec"]
        template = {"metadata": {}, "spec": spec} if one["kind"] == "Pod" else spec.get("template")
        if template:
            meta = {"name": one["metadata"]["name"], "labels": template["metadata"].get("labels", {})}
            found.append({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": template["spec"]})
    return found


@pytest.mark.parametrize("name", VARIANTS)
def test_restricted_pod_security_takes_every_pod_without_a_warning(cluster: Kubectl, name: str) -> None:
    found = pods(rendered(variant(name)))
    if not found:
        return  # nothing is released yet
    body = {"apiVersion": "v1", "kind": "List", "items": found}
    done = cluster("create", "--dry-run=server", "--warnings-as-errors", "-f", "-", body=body)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == len(found)


def test_a_pod_that_asks_for_more_would_be_refused(cluster: Kubectl) -> None:
    pod = pods(rendered(variant("production")))[0]
    pod["spec"]["containers"][0]["securityContext"] = {"privileged": True}
    done = cluster("create", "--dry-run=server", "-f", "-", body=pod)
    assert done.returncode != 0
    assert 'violates PodSecurity "restricted' in done.stderr


@pytest.mark.parametrize("name", VARIANTS)
def test_the_api_server_knows_every_object(cluster: Kubectl, name: str) -> None:
    found = objects(rendered(variant(name)))
    body = {"apiVersion": "v1", "kind": "List", "items": found}
    for one in found:
        one["metadata"].pop("namespace", None)
    done = cluster(
        "apply",
        "--server-side",
        "--force-conflicts",
        "--dry-run=server",
        "--warnings-as-errors",
        "-f",
        "-",
        body=body,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_quota_refuses_what_is_beyond_it(cluster: Kubectl) -> None:
    found = objects(rendered(variant("review")))
    quota = next(one for one in found if one["kind"] == "ResourceQuota")
    quota["spec"]["hard"] = {"pods": "0"}
    assert cluster("create", "-f", "-", body=quota).returncode == 0
    done = cluster("create", "-f", "-", body=pods(rendered(variant("review")))[0])
    for _ in range(50):
        if "exceeded quota" in done.stderr:
            break
        cluster("delete", "pod", "--all", "--wait=false")
        done = cluster("create", "-f", "-", body=pods(rendered(variant("review")))[0])
    assert "exceeded quota" in done.stderr
    assert cluster("delete", "resourcequota", "--all").returncode == 0
