"""The shop on a cluster, by the command line alone: up, deploy, roll back, run, and nothing left at the end."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import cluster_stand as stand
import pytest
from cluster_account import PREMADE
from cluster_shop import ACCOUNT, ClusterShop, on_the_cluster
from shop import ROOT, Shop


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterShop]:
    with on_the_cluster(tmp_path_factory.mktemp("cluster"), "shop") as made:
        yield made


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
    shop.json("restart", "--no-watch", timeout=300)
    other = Shop(tmp_path / "clone")
    other.env["KUBECONFIG"] = shop.env["KUBECONFIG"]
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


def test_another_chart_leaves_live_pods_alone(shop: ClusterShop, tmp_path: Path) -> None:
    """The next version of the chart, whose pods are others: those that serve keep what they were launched with."""
    chart = tmp_path / "chart"
    shutil.copytree(ROOT / "deploy" / "chart", chart)
    web = chart / "templates" / "_web.tpl"
    head = "  template:\n    metadata:\n"
    assert head in web.read_text()
    web.write_text(web.read_text().replace(head, f'{head}      annotations: {{chart: "next"}}\n'))
    before = shop.live()
    pods = shop.pods(before)
    shop.chart = chart
    try:
        with shop.load() as load:
            after = shop.json("restart", "--no-watch", timeout=300)["serving"]
            tally = load.stop()
    finally:
        shop.chart = None
    still = shop.pods(before)
    assert still.keys() == pods.keys()
    restarted = [c for pod in still.values() for c in pod["status"]["containerStatuses"] if c["restartCount"]]
    assert not restarted
    charts = [
        [pod["metadata"].get("annotations", {}).get("chart") for pod in of.values()]
        for of in (still, shop.pods(after))
    ]
    assert charts == [[None, None], ["next", "next"]]
    assert not tally.lost, tally.losses


def test_a_page_three_releases_old_keeps_its_files(shop: ClusterShop) -> None:
    """Its own pods are gone, and those of the other colour: the bucket has them. Uploads of the app come from there too."""
    sheet = shop.folder / "shop" / "static" / "css" / "shop.css"
    before = sheet.read_text()
    (name,) = re.findall(r"/static/css/shop\.[0-9a-f]{10}\.css", shop.get("/").body)[:1]
    old = shop.get(name)
    try:
        for number in range(3):
            sheet.write_text(before + f"\n.release-{number} {{ color: teal; }}\n")
            shop.json("deploy", shop.commit(f"sheet {number}"), "--no-watch", timeout=300)
    finally:
        sheet.write_text(before)
        shop.commit("the sheet as it was")
    now = shop.get("/").body
    assert name not in now
    kept = shop.get(name)
    assert (kept.status, kept.body) == (200, old.body)
    assert kept.headers["content-type"].startswith("text/css")
    assert shop.get("/static/css/shop.0000000000.css").status == 404
    assert shop.get("/media/lamp.txt").body == "a lamp"


@pytest.mark.parametrize("way", ["route", "overlap"])
def test_other_ways_to_switch(shop: ClusterShop, way: str) -> None:
    """Under load: by the weights of the HTTPRoute, or with a time in which the Service covers both slots."""
    toml = shop.folder / "greenroom.toml"
    before = toml.read_text()
    toml.write_text(before.replace("replicas = 2", f'replicas = 2\nswitch = "{way}"\noverlap = "3s"'))
    try:
        with shop.load() as load:
            went = shop.json("restart", "--no-watch", timeout=300)
            back = shop.json("rollback", timeout=120)
            shop.json("maintenance", "on", timeout=120)
            behind = shop.json("restart", "--no-watch", timeout=300)
            closed = shop.asked()
            shop.json("maintenance", "off", timeout=120)
            tally = load.stop()
    finally:
        toml.write_text(before)
    assert closed[0] == 503
    assert shop.answers(behind["serving"]), "a release came on stage behind the page"
    lost = [r for r in tally.losses if r.status != 503]
    assert not lost, lost
    assert len({went["serving"], back["serving"], behind["serving"]}) == 3
    shop.json("restart", "--no-watch", timeout=300)
    assert shop.json("status")["healthy"] is True


@pytest.mark.skipif(ACCOUNT == PREMADE, reason="an account that makes no namespaces removes none")
def test_nothing_is_left_and_it_comes_back(shop: ClusterShop) -> None:
    """Searched by kubectl over every kind, not by what the destroyer knows. (Tests run in any order, so it goes up again.)"""
    done = shop.run("destroy", "--yes", timeout=300)
    assert done.returncode == 0, done.stderr
    kinds = stand.kubectl("api-resources", "--verbs=list", "-o", "name").split()
    kinds = [kind for kind in kinds if not kind.startswith("events")]
    found = stand.kubectl("get", ",".join(kinds), "-A", "-o", "name", check=False).split()
    assert [name for name in found if shop.namespace in name] == []
    stand.empty_database()  # it is given from outside, so it stayed; nobody knows its revisions any more
    shop.goes_up()


def test_a_new_slot_begins_as_large_as_the_one_that_it_relieves(shop: ClusterShop) -> None:
    """Where the autoscaler decides, it has not decided yet when the public comes."""
    toml = shop.folder / "greenroom.toml"
    before = toml.read_text()
    patient = before.replace("[policy]", '[policy]\nprobe_timeout = "4m"', 1)  # three pods start at once
    toml.write_text(patient.replace("replicas = 2", "replicas = 1\nmax_replicas = 4", 1))
    try:
        first = shop.json("restart", "--no-watch", timeout=300)["serving"]
        assert len(shop.pods(first)) >= 1
        color = next(iter(shop.pods(first).values()))["metadata"]["labels"]["greenroom.dev/color"]
        grown = f"deployment/{shop.namespace}-{color}"
        stand.kubectl("-n", shop.namespace, "scale", grown, "--replicas=3")
        stand.kubectl("-n", shop.namespace, "rollout", "status", grown, "--timeout=120s")
        second = shop.json("restart", "--no-watch", timeout=300)["serving"]
        assert len(shop.pods(second)) == 3
    finally:
        toml.write_text(before)
        shop.json("restart", "--no-watch", timeout=300)
