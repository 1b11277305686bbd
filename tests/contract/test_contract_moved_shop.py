"""The shop on a cluster: what a load needs of it, by a proof; then its namespaces go, and are made again from an export."""

from __future__ import annotations

import time
from collections.abc import Iterator

import cluster_stand as stand
import pytest
from cluster_shop import ClusterShop, on_the_cluster

PLANTED = ("rollback", "gate", "turns-bad", "left-alone")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterShop]:
    with on_the_cluster(tmp_path_factory.mktemp("moved"), "moved") as made:
        yield made


def test_what_a_load_needs_is_reckoned_over_all_pods(shop: ClusterShop) -> None:
    skipped = [word for name in PLANTED for word in ("--skip", name)]
    proof = shop.json("prove", "--yes", "--deploys", "0", "--rate", "30", *skipped, timeout=200)
    work = proof["work"]
    assert (work["processes"], work["requests"] >= 100) == (4, True), "two pods of two processes"
    assert 0 < work["cpu_ms"] < 1000
    asked = shop.json("capacity", "--requests", str(work["requests"] / work["seconds"]), "--margin", "0%")
    assert asked["now"] == {"pods": 2, "processes": 2, "threads": 8, "connections": 5}
    assert asked["database"]["needed"] == 2 * 2 * 5 * 2 + 5 + 5 + 10
    more = shop.json("capacity", "--requests", "2000", "--margin", "0%")
    assert more["to_set"]["pods"] >= 2000 * work["cpu_ms"] / 1000 / 2
    assert f"replicas = {more['to_set']['pods']}" in more["lines"]


def test_its_namespaces_are_made_again_from_an_export(shop: ClusterShop) -> None:
    live = shop.json("status")["live"]
    folder = str(shop.folder.parent / "export")
    taken = shop.json("cluster", "export", "-o", folder, "--with-secrets", "--helm")
    assert set(taken["namespaces"]) == {shop.namespace, shop.control}
    for name in (shop.namespace, shop.control):
        stand.kubectl("delete", "namespace", name, "--timeout=120s")
    made = shop.json("cluster", "import", folder)
    assert (made["refused"], made["absent"]) == ([], [])
    assert shop.json("cluster", "compare", folder, "--with-secrets")["equal"]
    until = time.monotonic() + 120
    while not shop.json("status")["healthy"]:
        assert time.monotonic() < until, shop.json("status")
        time.sleep(2)
    assert shop.answers(live, 30)
    assert shop.json("restart", timeout=300)["serving"] != live
