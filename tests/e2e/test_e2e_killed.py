"""kill -9 and Ctrl-C after every step; kill -9 of every part. The steps are read from the plan itself."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from shop import A_FEW, EVERY_STEP, TODAY, Shop, kill, lost, processes_of, some

SETTLE_SECONDS = 40.0


@pytest.fixture(autouse=True, scope="module")
def brief_watch(shop: Shop) -> None:
    """Each deploy here is watched for a moment only."""
    toml = shop.folder / "greenroom.toml"
    toml.write_text(toml.read_text().replace('watch = "5s"', 'watch = "1s"'))


def eventually(check: Callable[[], object], seconds: float = SETTLE_SECONDS) -> None:
    """Wait until the check passes; its last failure is the test's."""
    until = time.monotonic() + seconds
    while True:
        try:
            check()
            return
        except (AssertionError, FileNotFoundError):
            if time.monotonic() > until:
                raise
            time.sleep(0.3)


def at_rest(shop: Shop) -> None:
    """Exactly one live slot, nothing abandoned, workers of the live slot alone, no orphan."""
    status = shop.json("status")
    live = status["live"]
    assert status["healthy"] is True
    assert status["mode"] == "open"
    states = Counter(s["state"].split()[0] for s in status["slots"])
    assert states["live"] == states["live,"] + states["live"] == 1, status["slots"]
    assert states["not"] == 0, status["slots"]
    units = {p["name"] for p in status["parts"]}
    assert [u for u in units if u.startswith("mailer-")] == [f"mailer-{live}-1"]
    known = {s["id"] for s in status["slots"]}
    serving = {u.removeprefix("web-") for u in units if u.startswith("web-")}
    assert serving == known
    masters = [
        line for _, line in processes_of(shop.state) if "gunicorn" in line and "signin.sock" not in line
    ]
    assert not [line for line in masters if not any(f"/{slot}/web.sock" in line for slot in known)]


def kinds_of_next_deploy(shop: Shop, ref: str) -> list[str]:
    """``kind`` or ``kind:n`` for each step that this deploy would take, in order."""
    steps = [s["kind"] for s in shop.json("plan", ref)["steps"]]
    counts: Counter[str] = Counter()
    named = []
    for kind in steps:
        counts[kind] += 1
        named.append(f"{kind}:{counts[kind]}")
    return named


def change(shop: Shop, number: int) -> str:
    """A commit that is a release of its own, with a revision of its own."""
    versions = shop.folder / "migrations" / "versions"
    before = f"n{number - 1:03}" if number else "0008"
    (versions / f"n{number:03}.py").write_text(
        f'"""An empty change."""\nrevision = "n{number:03}"\ndown_revision = "{before}"\n'
        'greenroom_phase = "expand"\n\n\ndef upgrade() -> None:\n    pass\n\n\ndef downgrade() -> None:\n    pass\n'
    )
    return shop.commit(f"change {number}")


@pytest.mark.timeout(900)
def test_killed_after_every_step(shop: Shop) -> None:
    """Without another command, the supervisor finishes or undoes; nothing is lost meanwhile."""
    tried: list[str] = []
    choice = random.Random(TODAY)
    with shop.load(get=2, fresh=1, post=1, slow=1, upload=0, static=0) as load:
        number, kinds = 0, [""]
        while kinds:
            ref = change(shop, number)
            number += 1
            remaining = [k for k in kinds_of_next_deploy(shop, ref) if k not in tried]
            if not remaining or (len(tried) == A_FEW and not EVERY_STEP):
                break
            where = remaining[0] if EVERY_STEP else choice.choice(remaining)
            tried.append(where)
            killed = shop.run("--crash-after", where, "deploy", ref)
            assert killed.returncode == -signal.SIGKILL, f"{where}: {killed.returncode} {killed.stderr}"
            eventually(lambda: at_rest(shop))
        tally = load.stop()
    assert tally.lost == 0, lost(tally)
    always = {
        f"{kind}:1"
        for kind in ("stage", "migrate", "launch", "probe", "switch", "confirm", "watch", "workers")
    }
    assert always <= set(tried) or not EVERY_STEP
    assert len(tried) >= A_FEW
    assert shop.run("deploy", ref).returncode == 0
    at_rest(shop)
    assert shop.json("ledger", "verify")["entries"] > 0


@pytest.mark.parametrize("kind", some(["launch", "probe", "switch", "watch"], 2))
def test_interrupted_in_every_step(shop: Shop, kind: str) -> None:
    """Ctrl-C: exit 130, and a slot serves."""
    command = shop.start("--progress", "json", "restart")
    assert command.stderr is not None
    for line in command.stderr:
        event = json.loads(line)
        if event["event"] == "step.started" and event["step"] == kind:
            os.kill(command.pid, signal.SIGINT)
            break
    out, err = command.communicate(timeout=60)
    assert command.returncode == 130, out + err
    eventually(lambda: at_rest(shop))


def test_two_that_were_killed_leave_the_way_free(shop: Shop) -> None:
    for where in ("launch:1", "switch:1"):
        shop.run("--crash-after", where, "restart")
        done = shop.run("restart", "--no-watch", "--wait", "20")
        assert done.returncode == 0, done.stderr
    eventually(lambda: at_rest(shop))


def test_supervisor_killed_children_live_on(shop: Shop) -> None:
    live = shop.live()
    before = {unit: shop.unit_pid(unit) for unit in (f"web-{live}", "postgres", "s3", "edge")}
    (pid,) = [pid for pid, line in processes_of(shop.state) if "drivers.local.supervisor" in line]
    with shop.load() as load:
        kill(pid)
        time.sleep(1.0)
        assert shop.run("up").returncode == 0
        tally = load.stop()
    assert tally.lost == 0, lost(tally)
    assert {unit: shop.unit_pid(unit) for unit in before} == before
    at_rest(shop)


@pytest.mark.parametrize("part", ["web", "postgres", "s3", "mailer"])
def test_a_killed_part_comes_back(shop: Shop, part: str) -> None:
    eventually(lambda: at_rest(shop))
    live = shop.live()
    unit = {"web": f"web-{live}", "mailer": f"mailer-{live}-1"}.get(part, part)
    before = shop.unit_pid(unit)
    kill(before)

    def back() -> None:
        assert shop.unit_pid(unit) != before
        at_rest(shop)

    eventually(back)


def test_the_way_back_may_lead_to_a_slot_that_was_started_again(shop: Shop) -> None:
    """That its process ended once says nothing about now."""
    eventually(lambda: at_rest(shop))
    live = shop.live()
    before = shop.unit_pid(f"web-{live}")
    kill(before)

    def back() -> None:
        assert shop.unit_pid(f"web-{live}") != before
        at_rest(shop)

    eventually(back)
    shop.json("restart", "--no-watch")
    assert shop.json("rollback")["serving"] == live
    eventually(lambda: at_rest(shop))


def test_the_edge_killed_refuses_nobody(shop: Shop) -> None:
    """Connections wait in the queue of the sockets that the keeper holds; only what was in flight is cut."""
    keeper = shop.unit_pid("edge")
    children = [
        pid
        for pid, line in processes_of(shop.state)
        if "caddy" in line and "run --config" in line and pid != keeper
    ]
    caddy = [pid for pid in children if f"PPid:\t{keeper}" in Path(f"/proc/{pid}/status").read_text()]
    with shop.load(get=2, fresh=2, post=0, slow=0, upload=0, static=0) as load:
        time.sleep(0.5)
        kill(caddy[0])
        time.sleep(2.0)
        tally = load.stop()
    assert not [loss for loss in tally.losses if loss.cause == "refused"], lost(tally)
    # Four clients: what each had in flight, and what Caddy had accepted and not read yet.
    assert tally.lost <= 8, lost(tally)
    assert shop.unit_pid("edge") == keeper


def test_a_taken_port_is_named(shop: Shop) -> None:
    import socket

    shop.json("down")
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", shop.port))
        other.listen()
        error = shop.json("up", exit=1)
        assert error["code"] == "port-taken"
        assert str(shop.port) in error["message"]
    shop.json("up")
    at_rest(shop)


def test_destroyed_without_residue(shop: Shop) -> None:
    assert shop.json("destroy", "--yes")["left"] == []
    assert processes_of(shop.state) == []
    shop.json("up")
    at_rest(shop)
