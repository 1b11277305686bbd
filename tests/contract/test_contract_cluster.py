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


class ClusterShop(Shop):
    """With what it is given from outside of its cluster."""

    outside: dict[str, str]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterShop]:
    cluster.require()
    folder = tmp_path_factory.mktemp("cluster")
    edge = stand.edge_of(folder)
    if edge is None:
        pytest.skip("GREENROOM_TEST_EDGE names no edge of the cluster: 18443:8443,8000")
    made = ClusterShop(folder / "marketplace")
    made.make()
    toml = made.folder / "greenroom.toml"
    registry = os.environ["GREENROOM_TEST_REGISTRY"]
    text = toml.read_text().replace('name = "production"', 'name = "production"\ntarget = "kubernetes"')
    more = TOML.format(registry=registry, namespace=stand.NAMESPACE, port=edge.secure, ca=edge.ca)
    toml.write_text(text + more)
    made.commit("on a cluster")
    try:
        made.outside = stand.stand(folder, edge)
        goes_up(made)
        yield made
    finally:
        made.run("destroy", "--yes", timeout=300)
        stand.kubectl("delete", "namespace", "greenroom-shop", "--ignore-not-found", "--wait=false")
        stand.gone()


def goes_up(shop: ClusterShop) -> None:
    """From nothing: secrets given, then the first release."""
    for name, value in shop.outside.items():
        give(shop, name, value)
    up = shop.json("up", timeout=600)
    seen = shop.json("status")
    assert seen["live"] == up["serving"]
    assert seen["healthy"] is True


def give(shop: Shop, name: str, value: str) -> None:
    """Set a secret, by standard input."""
    asked = shop.command("secrets", "set", name)
    done = subprocess.run(asked, input=value, env=shop.env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_deploy_and_a_rollback(shop: Shop) -> None:
    before = shop.json("status")["live"]
    good = shop.patched("good")
    done = shop.json("deploy", good, timeout=600)
    assert shop.json("status")["live"] == done["serving"] != before
    back = shop.json("rollback", timeout=120)
    assert back["serving"] == before
    assert len(back["figures"]["switch_ms"]) == 1


def test_a_release_that_crashes_never_gets_on_stage(shop: Shop) -> None:
    before = shop.json("status")["live"]
    done = shop.run("deploy", shop.patched("crash"), timeout=600)
    assert done.returncode == 4, done.stderr
    assert "shop_recommender" in done.stderr
    assert shop.json("status")["live"] == before


def test_another_clone_knows_the_releases(shop: Shop, tmp_path: Path) -> None:
    """Whoever has the project's file and the cluster: no build of this machine is needed for a rollback."""
    other = Shop(tmp_path / "clone")
    subprocess.run(["git", "clone", "-q", shop.folder, other.folder], check=True)
    seen = {line["id"] for line in other.json("releases")}
    assert {line["id"] for line in shop.json("releases")} >= seen
    live = shop.json("status")["live"]
    assert live.partition("-")[0] in seen
    back = other.json("rollback", timeout=120)
    assert back["serving"] != live
    assert shop.json("status")["live"] == back["serving"]


def test_a_command_and_the_log(shop: Shop) -> None:
    done = shop.run("run", "--", "python", "-c", "print(6 * 7)", timeout=120)
    assert done.returncode == 0, done.stderr
    assert "42" in done.stdout
    assert shop.run("logs", "web").stdout


def test_nothing_is_left_and_it_comes_back(shop: ClusterShop) -> None:
    """Searched by kubectl over every kind, not by what the destroyer knows. (Tests run in any order, so it goes up again.)"""
    done = shop.run("destroy", "--yes", timeout=300)
    assert done.returncode == 0, done.stderr
    kinds = stand.kubectl("api-resources", "--verbs=list", "-o", "name").split()
    kinds = [kind for kind in kinds if not kind.startswith("events")]
    found = stand.kubectl("get", ",".join(kinds), "-A", "-o", "name", check=False).split()
    assert [name for name in found if "shop-production" in name] == []
    stand.empty_database()  # it is given from outside, so it stayed; nobody knows its revisions any more
    goes_up(shop)
