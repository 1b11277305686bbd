"""The shop on a cluster, by the command line alone: up, deploy, roll back, prove, and nothing left at the end."""

from __future__ import annotations

import os
import subprocess
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
    try:
        for name, value in stand.stand(folder, edge).items():
            give(made, name, value)
        yield made
    finally:
        made.run("destroy", "--yes", timeout=300)
        stand.kubectl("delete", "namespace", "greenroom-shop", "--ignore-not-found", "--wait=false")
        stand.gone()


def give(shop: Shop, name: str, value: str) -> None:
    """Set a secret, by standard input."""
    asked = shop.command("secrets", "set", name)
    done = subprocess.run(asked, input=value, env=shop.env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_shop_goes_on_stage(shop: Shop) -> None:
    up = shop.json("up", timeout=600)
    seen = shop.json("status")
    assert seen["live"] == up["serving"]
    assert seen["healthy"] is True
