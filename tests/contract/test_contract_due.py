"""Due work without a person: Greenroom in a pod of the cluster, as its own account."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator

import cluster
import cluster_stand as stand
import pytest
from cluster_account import DEFAULT
from cluster_shop import ClusterShop, on_the_cluster

PACKAGED = ("pyproject.toml", "README.md", "LICENSE", "src", "deploy", "requirements")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterShop]:
    with on_the_cluster(tmp_path_factory.mktemp("due"), "due", DEFAULT) as made:
        yield made


@pytest.fixture(scope="module")
def image() -> str:
    """As the guide has it: Python, Greenroom, helm."""
    helm = shutil.which("helm")
    assert helm
    made = cluster.buildah("from", "--pull-never", cluster.PYTHON)
    for name in PACKAGED:
        cluster.buildah(
            "copy",
            "-q",
            made,
            cluster.ROOT / name,
            f"/greenroom/{name}" if "." not in name else "/greenroom/",
        )
    certificates = "/etc/ssl/certs:/etc/ssl/certs:ro"
    asked = ("pip", "install", "-q", "--no-cache-dir", "/greenroom[kubernetes]")
    cluster.buildah("run", "-v", certificates, *cluster.index(), made, *asked)
    cluster.buildah("copy", "-q", made, helm, "/usr/local/bin/helm")
    cluster.buildah("config", "--user", "10001", made)
    return cluster.push(made, "due/greenroom")


def test_what_is_due_is_done_in_the_cluster(shop: ClusterShop, image: str) -> None:
    """A restart that nobody watches: its workers begin, and it is judged, with no command of anybody."""
    objects = shop.json("cluster", "due", "--image", image, "--schedule", "0 0 1 1 *")["objects"]
    stand.kubectl("apply", "-f", "-", text=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
    live = shop.json("restart", "--no-watch", timeout=300)["serving"]
    slot = {s["id"]: s for s in shop.json("status")["slots"]}[live]
    assert slot["watch_until"] is not None, "not judged yet"
    time.sleep(max(0.0, slot["watch_until"] - time.time()))
    stand.kubectl("-n", shop.control, "create", "job", "now", "--from=cronjob/greenroom-due")
    done = ("wait", "job/now", "--for=condition=Complete", "--timeout=180s")
    said = stand.kubectl("-n", shop.control, *done, check=False)
    log = stand.kubectl("-n", shop.control, "logs", "job/now", check=False)
    assert "condition met" in said, log
    slot = {s["id"]: s for s in shop.json("status")["slots"]}[live]
    assert slot["watch_until"] is None, log
    background = ("get", "deployments", "-l", "greenroom.dev/role=mailer", "-o", "json")
    (mailer,) = json.loads(stand.kubectl("-n", shop.namespace, *background))["items"]
    assert mailer["metadata"]["labels"]["greenroom.dev/slot"] == live, log
    assert shop.json("ledger", "verify")["entries"] > 0
