"""The command, and helm, killed at every step on a cluster; the API server away in mid-deploy. The next command finishes."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cluster_stand as stand
import pytest
from away import Proxy
from cluster_shop import ClusterShop, on_the_cluster
from shop import Shop, kill

from greenroom.drivers.kubernetes.jobs import UNHEARD_SECONDS
from greenroom.drivers.kubernetes.names import SLOT
from greenroom.drivers.kubernetes.release import OF_A_SLOT

KEPT = {"Lease", "ConfigMap", "Secret", "Namespace", "ServiceAccount", "RoleBinding", "Role"}
"""Kinds of which there may be more after a deploy than before it: records, values, rights."""

OF_SLOTS = ",".join(OF_A_SLOT)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterShop]:
    with on_the_cluster(tmp_path_factory.mktemp("killed"), "killed") as made:
        yield made


def change(shop: Shop) -> str:
    """A commit that is a release of its own, with a revision of its own."""
    versions = shop.folder / "migrations" / "versions"
    number = len(list(versions.glob("n*.py")))
    before = f"n{number - 1:03}" if number else "0008"
    (versions / f"n{number:03}.py").write_text(
        f'"""An empty change."""\nrevision = "n{number:03}"\ndown_revision = "{before}"\n'
        'greenroom_phase = "expand"\n\n\ndef upgrade() -> None:\n    pass\n\n\ndef downgrade() -> None:\n    pass\n'
    )
    return shop.commit(f"change {number}")


def steps_of(shop: Shop, ref: str) -> list[str]:
    """``kind:n`` for each step that this deploy would take, in order."""
    counts: Counter[str] = Counter()
    named = []
    for step in shop.json("plan", ref, timeout=300)["steps"]:
        counts[step["kind"]] += 1
        named.append(f"{step['kind']}:{counts[step['kind']]}")
    return named


def objects(shop: ClusterShop) -> set[str]:
    """Everything in the shop's two namespaces that nothing else owns: ``Kind/name``."""
    kinds = stand.kubectl("api-resources", "--verbs=list", "--namespaced", "-o", "name").split()
    kinds = [k for k in kinds if not k.startswith(("events", "endpoints", "packagemanifests"))]
    found = set()
    for namespace in (shop.namespace, shop.control):
        listed = json.loads(stand.kubectl("-n", namespace, "get", ",".join(kinds), "-o", "json"))["items"]
        found |= {
            f"{one['kind']}/{one['metadata']['name']}"
            for one in listed
            if not one["metadata"].get("ownerReferences")
        }
    return found


def shape(shop: ClusterShop) -> set[str]:
    """What there is besides records and values, whichever colour it has."""
    there = {o for o in objects(shop) if o.split("/")[0] not in KEPT}
    return {o.replace("-blue", "-color").replace("-green", "-color") for o in there}


def at_rest(shop: ClusterShop, ref: str) -> None:
    """The release of ``ref`` serves, in one slot or with its predecessor warm; of everything else nothing is left over."""
    status = shop.json("status")
    assert status["healthy"] is True, status
    assert status["mode"] == "open"
    (release,) = [r["id"] for r in shop.json("releases") if ref.startswith(r["commit"]) or r["commit"] == ref]
    assert status["live"].startswith(release), status
    slots = {s["id"] for s in status["slots"]}
    assert len(slots) <= 2
    there = objects(shop)
    assert not [o for o in there if o.startswith(("Job/", "Pod/"))], there
    helm = [o for o in there if o.startswith("Secret/sh.helm.release")]
    assert len(helm) <= 10
    seen = states(shop)
    assert seen["deployed"] == 1, seen
    assert not [s for s in seen if s.startswith("pending")], seen
    made = stand.kubectl("-n", shop.namespace, "get", OF_SLOTS, "-l", SLOT, "-o", "json")
    assert {o["metadata"]["labels"][SLOT] for o in json.loads(made)["items"]} <= slots, made
    kept = {o.partition("/")[2].removeprefix("slot-") for o in there if o.startswith("ConfigMap/slot-")}
    assert kept - {"counter"} == slots, (kept, slots)
    values = [o for o in there if o.startswith(f"Secret/{shop.namespace}-env-")]
    assert len(values) <= len(slots), values


@pytest.mark.timeout(1800)
def test_killed_after_every_step(shop: ClusterShop) -> None:
    """The next deploy of the same commit finishes what the killed one began."""
    tried: list[str] = []
    shapes = []
    while True:
        ref = change(shop)
        where = next((s for s in steps_of(shop, ref) if s not in tried), None)
        if where is None:
            break
        tried.append(where)
        killed = shop.run("--crash-after", where, "deploy", ref, "--no-watch", timeout=300)
        assert killed.returncode == -signal.SIGKILL, f"{where}: {killed.returncode} {killed.stderr}"
        done = shop.run("deploy", ref, "--no-watch", timeout=300)
        assert done.returncode == 0, f"{where}: {done.stderr}"
        at_rest(shop, ref)
        shapes.append(shape(shop))
    assert {"stage:1", "migrate:1", "launch:1", "probe:1", "switch:1", "confirm:1", "workers:1"} <= set(tried)
    assert all(seen == shapes[0] for seen in shapes), shapes
    assert shop.json("ledger", "verify")["entries"] > 0


def helm_of(command: subprocess.Popen[str]) -> int | None:
    """The helm that the command runs now."""
    for folder in Path("/proc").iterdir():
        try:
            line = (folder / "cmdline").read_bytes().split(b"\0")
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
        except (OSError, IndexError):
            continue
        if parent == str(command.pid) and line[0].endswith(b"helm") and b"upgrade" in line:
            return int(folder.name)
    return None


@contextmanager
def new_deployment(shop: ClusterShop) -> Iterator[Callable[[], None]]:
    """What waits for the Deployment of a slot that is not there yet."""
    known = {s["id"] for s in shop.json("status")["slots"]}
    shown = 'jsonpath={.metadata.labels.greenroom\\.dev/slot}{"\\n"}'
    chosen = ("deployments", "-l", "greenroom.dev/role=web", "--watch-only", "-o", shown)
    words = ["kubectl", "-n", shop.namespace, "get", *chosen]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as watching:
        assert watching.stdout is not None
        seen = iter(watching.stdout)
        try:
            yield lambda: next(None for line in seen if line.strip() not in {*known, ""})
        finally:
            watching.kill()


def slowly(shop: ClusterShop, *words: str) -> subprocess.Popen[str]:
    """The command, with a helm that asks the API server five times a second: it can be met between two of its objects."""
    slow = {"HELM_QPS": "5", "HELM_BURST_LIMIT": "1"}
    shop.env |= slow
    try:
        return shop.start(*words)
    finally:
        for name in slow:
            del shop.env[name]


def states(shop: ClusterShop) -> Counter[str]:
    """Of Helm's revisions."""
    listed = stand.kubectl("-n", shop.namespace, "get", "secrets", "-l", "owner=helm", "-o", "json")
    return Counter(r["metadata"]["labels"]["status"] for r in json.loads(listed)["items"])


@pytest.mark.parametrize("whom", ["helm", "command"])
@pytest.mark.parametrize("after", ["the same release", "another release"])
@pytest.mark.timeout(1200)
def test_killed_when_the_new_deployment_is_there(shop: ClusterShop, whom: str, after: str) -> None:
    """Helm does not outlive its command; of what it had made nothing is left over, though no revision of Helm's knows of it."""
    for _ in range(4):
        ref = change(shop)
        with new_deployment(shop) as made:
            command = slowly(shop, "deploy", ref, "--no-watch")
            made()
            pid = helm_of(command)
            if pid is not None:
                kill(pid if whom == "helm" else command.pid)
            out, err = command.communicate(timeout=300)
        pending = [s for s in states(shop) if s.startswith("pending")]
        if pid is not None and (pending or (whom == "helm" and command.returncode)):
            break
    else:
        pytest.fail("helm was done each time before it could be killed")
    until = time.monotonic() + 5.0
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < until, "helm outlives its command"
        time.sleep(0.01)
    assert command.returncode in (4, 5, -signal.SIGKILL), out + err
    ref = ref if after == "the same release" else change(shop)
    done = shop.run("deploy", ref, "--no-watch", timeout=300)
    assert done.returncode == 0, done.stderr
    at_rest(shop, ref)


@pytest.mark.timeout(600)
def test_a_terminal_that_is_gone_takes_its_pod_along(shop: ClusterShop) -> None:
    """The command at it was killed, and kubectl too: the Job ends, and goes by itself."""
    here, there = pty.openpty()
    asked = shop.command("run", "--", "cat")
    with subprocess.Popen(
        asked, stdin=there, stdout=there, stderr=there, env=shop.env, start_new_session=True
    ) as command:
        os.close(there)
        heard = b""
        os.write(here, b"a word\n")
        while heard.count(b"a word") < 2:  # the terminal's echo, and cat
            heard += os.read(here, 1000)
        os.killpg(command.pid, signal.SIGKILL)
    os.close(here)
    until = time.monotonic() + 60.0
    while not (job := terminal_job(shop))["status"].get("conditions"):
        assert time.monotonic() < until, job
        time.sleep(0.5)
    assert job["spec"]["ttlSecondsAfterFinished"] == UNHEARD_SECONDS
    stand.kubectl("-n", shop.namespace, "delete", "job", job["metadata"]["name"])


def terminal_job(shop: ClusterShop) -> dict[str, Any]:
    """The one of a command at a terminal."""
    listed = json.loads(stand.kubectl("-n", shop.namespace, "get", "jobs", "-o", "json"))["items"]
    (job,) = [j for j in listed if j["metadata"]["name"].startswith("run-")]
    return dict(job)


@pytest.mark.parametrize("step", ["launch", "switch"])
@pytest.mark.timeout(600)
def test_the_api_server_away_for_twenty_seconds(shop: ClusterShop, step: str, tmp_path: Path) -> None:
    """The command waits, says so, and goes on."""
    kubeconfig = Path(os.environ["KUBECONFIG"].split(":")[0]).read_text()
    with Proxy.before(kubeconfig) as proxy:
        through = tmp_path / "kubeconfig"
        through.write_text(proxy.kubeconfig)
        shop.env["KUBECONFIG"] = str(through)
        try:
            ref = change(shop)
            command = shop.start("--progress", "json", "deploy", ref, "--no-watch")
            said = _away_at(command, step, proxy)
        finally:
            shop.env["KUBECONFIG"] = os.environ["KUBECONFIG"]
    assert command.returncode == 0, said
    assert "does not answer" in said
    at_rest(shop, ref)


def _away_at(command: subprocess.Popen[str], step: str, proxy: Proxy) -> str:
    """Take the server away when the step begins, and give it back after 20 seconds; all that the command said."""
    said = []
    with command:
        assert command.stderr is not None
        for line in command.stderr:
            said.append(line)
            event = json.loads(line)
            if event["event"] == "step.started" and event["step"] == step and not proxy.away:
                proxy.leave()
                threading.Timer(20.0, proxy.come_back).start()
    return "".join(said)
