"""Every branch its own environment on one machine, and nothing left of it when it goes."""

from __future__ import annotations

import json
import os
import signal
import time
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from environments import branch, found, sql
from shop import Shop, free_port, git, lost, processes_of, some

from greenroom.drivers.system.real import this_machine

pytestmark = pytest.mark.timeout(900)

ANNA, BOB = "anna/AFO-1_cart", "bob/AFO-1_other"


@pytest.fixture(scope="module", autouse=True)
def patient(shop: Shop) -> None:
    """What is there before and after is compared: nothing of production may become due meanwhile."""
    file = shop.folder / "greenroom.toml"
    file.write_text(file.read_text().replace('watch = "5s"', 'watch = "5s"\nkeep_warm = "3h"'))
    git(shop.folder, "commit", "-qam", "stay warm for long")


def steps(shop: Shop, *words: str) -> list[str]:
    """Run a command; its steps as ``kind:n``, in order."""
    done = shop.run("--progress", "json", *words)
    assert done.returncode == 0, done.stderr[-3000:]
    counts: dict[str, int] = {}
    points = []
    for line in done.stderr.splitlines():
        event = json.loads(line) if line.startswith("{") else {}
        if event.get("event") == "step.started":
            counts[event["step"]] = counts.get(event["step"], 0) + 1
            points.append(f"{event['step']}:{counts[event['step']]}")
    return points


def page(shop: Shop, name: str, path: str = "/") -> tuple[int, dict[str, str]]:
    host = f"{name}.shop.localhost" if name else "shop.localhost"
    answer = this_machine().net.ask_tls(host, shop.port, path, shop.ca, 60.0, "127.0.0.1")
    return answer.status, dict(answer.headers)


def settled(shop: Shop) -> dict[str, set[str]]:
    """What is there once due work is done: the same twice in a row."""
    seen = found(shop)
    for _ in range(60):
        time.sleep(1.0)
        again = found(shop)
        if again == seen:
            return seen
        seen = again
    raise AssertionError("it does not come to rest")


def test_develop_with_the_data_of_the_branch(shop: Shop) -> None:
    """Flask's own server on the folder as it is; the branch's database, not production's; nothing left running."""
    branch(shop, ANNA, "anna")
    git(shop.folder, "checkout", "-q", ANNA)
    port = free_port()
    command = shop.start("dev", "--port", str(port))
    try:
        until = time.monotonic() + 90
        while (text := plain(port)) is None and time.monotonic() < until and command.poll() is None:
            time.sleep(0.3)
        assert text is not None, command.communicate()[1][-2000:]
        assert "<title>" in text
        assert "shop_fb_1" in sql(shop, "select datname from pg_database")
        assert not shop.json("env", "list")[-1]["live"]
    finally:
        os.killpg(command.pid, signal.SIGINT)
        command.communicate(timeout=30)
        git(shop.folder, "checkout", "-q", "main")
    assert plain(port) is None
    shop.json("env", "destroy", "fb-1", "--yes")


def plain(port: int) -> str | None:
    """The front page over plain http."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
            return str(answer.read().decode())
    except OSError:
        return None


def test_two_branches_of_one_ticket(shop: Shop) -> None:
    branch(shop, ANNA, "anna")
    branch(shop, BOB, "bob")
    first = shop.json("env", "create", ANNA)
    assert (first["environment"], first["new"]) == ("fb-1", True)
    second = shop.json("env", "create", BOB)
    assert (second["environment"], second["instead_of"]) == ("fb-1-2", "fb-1")
    for name in ("fb-1", "fb-1-2"):
        status, headers = page(shop, name)
        assert status == 200
        assert f".{name}-" in headers["x-release"]
    assert page(shop, "fb-7")[0] == 421
    assert shop.json("env", "resolve", BOB)["environment"] == "fb-1-2"
    assert {"shop_fb_1", "shop_fb_1_2"} <= set(sql(shop, "select datname from pg_database"))
    listed = {line["name"]: line for line in shop.json("env", "list")}
    assert set(listed) == {"production", "fb-1", "fb-1-2"}
    assert listed["fb-1"]["branch"] == ANNA
    again = shop.json("env", "create", ANNA)
    assert (again["environment"], again["new"]) == ("fb-1", False)


def test_a_deploy_waits_for_no_other_environment(shop: Shop) -> None:
    """Each has its own lease: while production is watched, a branch deploys."""
    long = shop.start("restart")
    deadline = time.monotonic() + 60
    while shop.json("status")["lock"] is None and time.monotonic() < deadline:
        time.sleep(0.1)
    done = shop.json("-e", "fb-1", "restart", "--no-watch")
    assert ".fb-1-" in done["serving"]
    assert long.wait(120) == 0
    long.communicate()


def test_asleep_it_has_no_process_and_keeps_its_data(shop: Shop) -> None:
    shop.json("env", "sleep", "fb-1-2")
    assert not [line for _, line in processes_of(shop.state) if "fb-1-2" in line]
    assert "shop_fb_1_2" in sql(shop, "select datname from pg_database")
    assert {x["name"]: x["state"] for x in shop.json("env", "list")}["fb-1-2"] == "asleep"
    woken = shop.json("env", "wake", "fb-1-2")
    assert ".fb-1-2-" in woken["serving"]
    assert page(shop, "fb-1-2")[0] == 200


def test_the_first_request_wakes_it(shop: Shop) -> None:
    """Four visitors at once: all are held and answered, one slot is launched."""
    shop.json("env", "sleep", "fb-1-2")
    with ThreadPoolExecutor(4) as visitors:
        answers = list(visitors.map(lambda _: page(shop, "fb-1-2"), range(4)))
    assert [status for status, _ in answers] == [200] * 4
    assert len({headers["x-release"] for _, headers in answers}) == 1
    assert {x["name"]: x["state"] for x in shop.json("env", "list")}["fb-1-2"] == "ready"


def test_destroyed_leaves_nothing(shop: Shop) -> None:
    """Production under load loses nothing meanwhile."""
    shop.json("env", "destroy", "fb-1", "--yes")
    shop.json("env", "destroy", "fb-1-2", "--yes")
    before = settled(shop)
    with shop.load() as load:
        shop.json("env", "create", ANNA)
        shop.json("-e", "fb-1", "restart", "--no-watch")
        shop.run("-e", "fb-1", "run", "--", "flask", "--app", "shop", "seed", "--products", "20")
        assert found(shop) != before
        receipt = shop.json("env", "destroy", "fb-1", "--yes")
        tally = load.stop()
    assert receipt["left"] == []
    assert receipt["was"]["database"].startswith("shop_fb_1")
    after = settled(shop)
    assert {k: v ^ before[k] for k, v in after.items() if v != before[k]} == {}
    assert page(shop, "fb-1")[0] == 421
    assert tally.lost == 0, lost(tally)
    assert tally.requests > 10


def test_killed_at_every_step_of_create(shop: Shop) -> None:
    points = steps(shop, "env", "create", ANNA)
    shop.json("env", "destroy", "fb-1", "--yes")
    before = settled(shop)
    for number, point in enumerate(some(points)):
        killed = shop.run("--crash-after", point, "env", "create", ANNA)
        assert killed.returncode == -9, (point, killed.stderr[-2000:])
        if number % 2:
            shop.json("env", "create", ANNA)
            assert page(shop, "fb-1")[0] == 200, point
        if (shop.state / "environments" / "fb-1.json").exists():
            shop.json("env", "destroy", "fb-1", "--yes", "--wait", "60")
        after = settled(shop)
        assert {k: v ^ before[k] for k, v in after.items() if v != before[k]} == {}, point


def test_killed_at_every_step_of_destroy(shop: Shop) -> None:
    before = settled(shop)
    shop.json("env", "create", ANNA)
    points = steps(shop, "env", "destroy", "fb-1", "--yes")
    for point in some(points):
        shop.json("env", "create", ANNA)
        killed = shop.run("--crash-after", point, "env", "destroy", "fb-1", "--yes")
        assert killed.returncode == -9, (point, killed.stderr[-2000:])
        if (shop.state / "environments" / "fb-1.json").exists():
            refused = shop.json("env", "create", ANNA, exit=3)
            assert refused["code"] == "going"
            shop.json("env", "destroy", "fb-1", "--resume")
        after = settled(shop)
        assert {k: v ^ before[k] for k, v in after.items() if v != before[k]} == {}, point


def test_sweep_removes_what_is_merged_and_resumes_when_killed(shop: Shop) -> None:
    branch(shop, "cleo/AFO-9_y", "cleo")
    shop.json("env", "create", ANNA)
    shop.json("env", "create", "cleo/AFO-9_y")
    first = shop.json("sweep")
    assert not first["applied"]
    assert not any(v["goes"] for v in first["verdicts"])
    git(shop.folder, "merge", "-q", "--no-ff", "-m", "merge", ANNA)
    dry = shop.json("sweep", "--dry-run", "--check", exit=7)
    fates = {v["environment"]: (v["goes"], v["reason"]) for v in dry["verdicts"]}
    assert fates["fb-1"] == (True, "all commits of its branch are in the target branch")
    assert fates["fb-9"] == (False, "its branch is not merged")
    killed = shop.run("--crash-after", "retire:1", "sweep", "--apply")
    assert killed.returncode == -9
    done = shop.json("sweep", "--apply", "--wait", "30")
    assert [r["environment"] for r in done["receipts"]] == ["fb-1"]
    assert {x["name"] for x in shop.json("env", "list")} == {"production", "fb-9"}
    broken = Path(shop.folder / ".git" / "HEAD").read_text()
    git(shop.folder, "remote", "add", "origin", "/nowhere/at/all.git")
    blind = shop.run("--json", "sweep", "--apply")
    assert blind.returncode == 1
    assert json.loads(blind.stdout)["result"]["unread"]
    git(shop.folder, "remote", "remove", "origin")
    assert Path(shop.folder / ".git" / "HEAD").read_text() == broken
    assert page(shop, "fb-9")[0] == 200
    shop.json("env", "destroy", "fb-9", "--yes")


def test_staging_is_promoted_to_production_and_not_rebuilt(shop: Shop) -> None:
    toml = shop.folder / "greenroom.toml"
    toml.write_text(
        toml.read_text().replace('refs = ["master", "main"]', 'refs = ["main"]\nafter = "staging"')
    )
    shop.commit("production comes after staging")
    commit = branch(shop, "next", urllib.parse.quote("the next one"))
    refused = shop.json("deploy", commit, exit=3)
    assert refused["code"] == "policy"
    assert "staging has not served this build" in refused["message"]
    shop.json("-e", "staging", "up")
    shop.json("-e", "staging", "deploy", commit)
    release = shop.json("-e", "staging", "status")["live"].partition(".")[0]
    source = next((shop.state / "builds" / release / "src").rglob("views.py"), None) or next(
        (shop.state / "builds" / release / "src").rglob("*.py")
    )
    mode, text = source.stat().st_mode, source.read_text()
    source.chmod(0o644)
    source.write_text(text + "\n")
    altered = shop.json("promote", "staging", "production", exit=3)
    assert altered["code"] == "provenance"
    assert "content changed" in altered["message"]
    source.write_text(text)
    source.chmod(mode)
    done = shop.json("promote", "staging", "production")
    assert done["serving"].startswith(f"{release}-")
    kinds = [e["kind"] for e in shop.json("ledger")]
    assert "promoted" in kinds
    shop.json("env", "destroy", "staging", "--yes")
