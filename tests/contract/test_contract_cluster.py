"""The shop on a cluster, by the command line alone: up, deploy, roll back, prove, and nothing left at the end."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import cluster
import cluster_stand as stand
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "e2e"))
from shop import Shop

TOML = """
[image]
repository = "{registry}/e2e"
insecure = true

[kubernetes]
replicas = 2
requests = {{ cpu = "50m", memory = "128Mi" }}

[kubernetes.edge]
gateway = "{namespace}/edge"
section = "https"
address = "127.0.0.1"
port = {port}
ca_file = "{ca}"
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    cluster.require()
    folder = tmp_path_factory.mktemp("cluster")
    edge = stand.edge_of(folder)
    if edge is None:
        pytest.skip("GREENROOM_TEST_EDGE names no edge of the cluster: 18443:8443,8000")
    made = Shop(folder / "marketplace")
    made.make()
    toml = made.folder / "greenroom.toml"
    registry = os.environ["GREENROOM_TEST_REGISTRY"]
    text = toml.read_text().replace('name = "production"', 'name = "production"\ntarget = "kubernetes"')
    more = TOML.format(registry=registry, namespace=stand.NAMESPACE, port=edge.secure, ca=edge.ca)
    toml.write_text(text + more)
    made.commit("on a cluster")
    made.env["DATABASE_URL"] = stand.stand(folder, edge)
    try:
        yield made
    finally:
        made.run("destroy", "--yes", timeout=300)
        stand.kubectl("delete", "namespace", "greenroom-shop", "--ignore-not-found", "--wait=false")
        stand.gone()


def test_the_shop_goes_on_stage(shop: Shop) -> None:
    given = shop.run("secrets", "set", "DATABASE_URL", "--from-env", "DATABASE_URL")
    assert given.returncode == 0, given.stderr
    up = shop.json("up", timeout=600)
    seen = shop.json("status")
    assert seen["live"] == up["serving"]
    assert seen["healthy"] is True
