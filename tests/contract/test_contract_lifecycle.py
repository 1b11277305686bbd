"""Sleep and wake, down and up on a cluster: nothing runs, nothing is lost, and what was live comes back."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator

import cluster_stand as stand
import pytest
from cluster_shop import STAGING, ClusterShop, on_the_cluster

ROLES = {"mailer", "cleanup", "web"}
"""What the shop consists of."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterShop]:
    with on_the_cluster(tmp_path_factory.mktemp("life"), "life") as made:
        yield made


@pytest.fixture(scope="module")
def staging(shop: ClusterShop) -> Iterator[ClusterShop]:
    """Another environment of the same shop, on the same database."""
    other = shop.at(STAGING)
    other.goes_up()
    yield other
    done = other.run("destroy", "--yes", timeout=300)
    assert done.returncode == 0, done.stderr


def runs(shop: ClusterShop) -> list[str]:
    """Pods that are there and have not ended, told to end or not."""
    listed = json.loads(stand.kubectl("-n", shop.namespace, "get", "pods", "-o", "json"))["items"]
    return [p["metadata"]["name"] for p in listed if p["status"].get("phase") not in ("Succeeded", "Failed")]


def roles(shop: ClusterShop) -> set[str]:
    """The roles of everything that runs, or would run at some time."""
    found = stand.kubectl(
        "-n", shop.namespace, "get", "deployments,cronjobs,horizontalpodautoscalers", "-o", "json"
    )
    return {o["metadata"]["labels"]["greenroom.dev/role"] for o in json.loads(found)["items"]}


def nothing_runs(shop: ClusterShop, seconds: float = 90.0) -> bool:
    """Soon no pod is left: one that has been told to end finishes what it has."""
    until = time.monotonic() + seconds
    while runs(shop):
        if time.monotonic() > until:
            return False
        time.sleep(0.5)
    return True


def test_one_that_sleeps_has_no_pod_and_wakes_with_what_was_live(staging: ClusterShop) -> None:
    before = staging.live()
    assert roles(staging) == ROLES
    slept = staging.json("env", "sleep", STAGING, timeout=300)
    assert slept == {"environment": STAGING, "woken_by": "command"}
    assert nothing_runs(staging)
    assert roles(staging) == set()
    assert [staging.get(path).status for path in ("/", "/static/none.css", "/readyz")] == [503, 503, 503]
    shown = staging.json("env", "show", STAGING)
    assert (shown["state"], shown["live"], shown["woken_by"]) == ("asleep", None, "command")
    told = staging.run("env", "show", STAGING).stdout
    assert f"asleep; greenroom env wake {STAGING} wakes it" in told
    staging.json("env", "sleep", STAGING)
    assert runs(staging) == [], "asking and looking woke nobody"
    woken = staging.json("env", "wake", STAGING, timeout=300)["serving"]
    assert woken.partition(".")[0] == before.partition(".")[0]
    assert staging.answers(woken)
    assert staging.json("status")["healthy"] is True
    assert staging.json("env", "show", STAGING)["state"] == "ready"
    assert roles(staging) == ROLES


SLEEPING = ("record", "doze", "workers", "drain", "retire")
WAKING = ("launch", "switch", "confirm")


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("verb", "step"), [*(("sleep", step) for step in SLEEPING), *(("wake", step) for step in WAKING)]
)
def test_killed_at_any_step_the_same_command_finishes(staging: ClusterShop, verb: str, step: str) -> None:
    """It is awake or asleep then, and the next call makes it so whole."""
    if verb == "wake":
        staging.json("env", "sleep", STAGING, timeout=300)
    killed = staging.run("--crash-after", step, "env", verb, STAGING, timeout=300)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    staging.json("env", verb, STAGING, timeout=300)
    state = staging.json("env", "show", STAGING)["state"]
    assert state == {"sleep": "asleep", "wake": "ready"}[verb]
    assert nothing_runs(staging) if verb == "sleep" else roles(staging) == ROLES
    staging.json("env", "wake", STAGING, timeout=300)
    assert staging.answers(staging.live())


def test_a_deploy_wakes_too(staging: ClusterShop) -> None:
    staging.json("env", "sleep", STAGING, timeout=300)
    done = staging.json("up", timeout=300)
    assert staging.answers(done["serving"])
    assert staging.json("env", "show", STAGING)["state"] == "ready"


def test_production_does_not_sleep(shop: ClusterShop) -> None:
    refused = shop.json("env", "sleep", "production", exit=3)
    assert refused["code"] == "never-sleeps"


def test_down_stops_everything_and_up_brings_it_back(shop: ClusterShop) -> None:
    """The very slot: nothing is built, launched anew or migrated, and history stays."""
    shop.json("restart", "--no-watch", timeout=300)
    before, known, history = shop.live(), shop.json("releases"), shop.json("ledger", "verify")["entries"]
    assert roles(shop) == ROLES
    shop.json("down", timeout=300)
    assert runs(shop) == []
    assert roles(shop) == set()
    assert shop.get("/").status == 503
    seen = shop.json("status", timeout=120)
    assert (seen["live"], seen["healthy"]) == (before, False)
    assert runs(shop) == [], "looking starts nothing"
    shop.json("down", timeout=300)
    assert [r["id"] for r in shop.json("releases")] == [r["id"] for r in known]
    up = shop.json("up", timeout=300)
    assert (up["serving"], up["outcome"]) == (before, None)
    assert shop.answers(before)
    assert roles(shop) == ROLES
    assert shop.json("status")["healthy"] is True
    assert shop.json("ledger", "verify")["entries"] >= history


def test_down_is_about_one_environment(shop: ClusterShop, staging: ClusterShop) -> None:
    live = shop.live()
    staging.json("down", timeout=300)
    assert runs(staging) == []
    assert shop.asked() == (200, live)
    assert staging.answers(staging.json("up", timeout=300)["serving"])


def test_a_deploy_after_down_brings_the_new_release(shop: ClusterShop) -> None:
    before = shop.live()
    shop.json("down", timeout=300)
    done = shop.json("restart", timeout=300)
    assert done["serving"] != before
    assert shop.answers(done["serving"])
    assert roles(shop) == ROLES
    assert shop.json("status")["healthy"] is True


@pytest.mark.parametrize(("verb", "step"), [("down", "stop"), ("up", "start"), ("up", "ensure:2")])
def test_killed_on_the_way_down_or_up(shop: ClusterShop, verb: str, step: str) -> None:
    before = shop.live()
    if verb == "up":
        shop.json("down", timeout=300)
    killed = shop.run("--crash-after", step, verb, timeout=300)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    up = shop.json("up", timeout=300)
    assert up["serving"] == before
    assert shop.answers(before)
    assert roles(shop) == ROLES


@pytest.mark.timeout(900)
def test_what_holds_a_namespace_is_named_and_not_forced(staging: ClusterShop) -> None:
    """A finalizer whose controller does not answer: the object and the finalizer are told, and ``--resume`` ends it."""
    held = {"name": "held", "finalizers": ["example.org/never"]}
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": held}
    stand.kubectl("-n", staging.namespace, "apply", "-f", "-", text=json.dumps(body))
    for more in ((), ("--resume",)):
        error = staging.json("env", "destroy", STAGING, "--yes", *more, exit=5, timeout=400)
        assert "configmaps held (example.org/never)" in error["message"], error
        assert error["hint"] == f"greenroom env destroy {STAGING} --resume"
    kept = json.loads(stand.kubectl("-n", staging.namespace, "get", "configmap", "held", "-o", "json"))
    assert kept["metadata"]["finalizers"] == ["example.org/never"]
    assert staging.json("env", "show", STAGING)["state"] == "going"
    let_go = '{"metadata":{"finalizers":null}}'
    stand.kubectl("-n", staging.namespace, "patch", "configmap", "held", "--type=merge", "-p", let_go)
    stand.kubectl("wait", "--for=delete", f"namespace/{staging.namespace}", "--timeout=120s")
    receipt = staging.json("env", "destroy", STAGING, "--resume", timeout=300)
    assert (receipt["left"], receipt["stuck"]) == ([], [])
    assert staging.json("env", "show", STAGING, exit=2)["code"] == "no-environment"
    staging.goes_up()
