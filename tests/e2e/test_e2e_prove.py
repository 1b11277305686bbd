"""``greenroom prove`` on the real shop: both planted faults, every kill, the report."""

from __future__ import annotations

import json
import re
import signal
from typing import Any

import pytest
from shop import Shop, some

QUIET = ("--rate", "30", "--deploys", "0", "--skip", "rollback")
PLANTED = ("--skip", "gate", "--skip", "turns-bad", "--skip", "left-alone")


def phases(proof: dict[str, Any]) -> dict[str, str]:
    return {p["name"]: p["told"] for p in proof["phases"]}


def test_a_dry_run_says_what_and_does_nothing(shop: Shop) -> None:
    before = shop.live()
    done = shop.run("prove", "--dry-run", "--for", "10m", "--kill", "edge")
    assert done.returncode == 0, done.stderr
    assert "kill -9: edge" in done.stdout
    assert "until 600 s are over" in done.stdout
    assert shop.live() == before
    assert shop.run("prove", "--for", "soon").returncode == 2
    error = shop.json("prove", "--report", "/nowhere/proof.html", exit=2)
    assert error["code"] == "report-file"
    assert shop.live() == before


def test_planted_faults_are_caught_and_leave_nothing(shop: Shop) -> None:
    before = shop.live()
    report = shop.folder.parent / "proof.html"
    proof = shop.json("prove", *QUIET, "--report", str(report), timeout=240)
    assert proof["kept"], proof["phases"]
    assert (proof["lost"], proof["unfinished"], proof["notes"]) == (0, 0, [])
    assert proof["app_errors"] > 0
    told = phases(proof)
    assert told["gate"].startswith("not-ready")
    assert told["turns-bad"].startswith("turned-bad")
    assert "without any command" in told["left-alone"]
    assert proof["work"]["busy_ms"] > 0 < proof["work"]["cpu_ms"]
    asked = shop.json("capacity", "--requests", "2", "--margin", "0%")
    assert asked["measured"]["processes"] == proof["work"]["processes"] == asked["now"]["processes"]
    assert asked["database"]["enough"]
    assert {"h2", "h2_slow", "stream", "drip", "upload", "long", "slow"} <= set(proof["by_kind"])
    assert shop.live() == before
    assert [s["state"] for s in shop.json("status")["slots"]] == ["live"]
    page = report.read_text()
    assert "<svg" in page
    assert not re.search(r"<script|src=|https?://", page)


@pytest.mark.parametrize(
    "parts", some([("app",), ("supervisor", "edge"), ("postgres",)], 1), ids=" then ".join
)
def test_a_killed_part_costs_no_more_than_it_had(shop: Shop, parts: tuple[str, ...]) -> None:
    kills = [word for part in parts for word in ("--kill", part)]
    proof = shop.json("prove", *QUIET, *PLANTED, *kills, timeout=240)
    assert proof["kept"], json.dumps([proof["phases"], proof["losses"]], indent=1)
    assert [k["victim"] for k in proof["kills"]] == list(parts)
    assert not [x for x in proof["losses"] if x["cause"] == "refused"]
    if parts == ("app",):
        assert proof["lost"] <= proof["kills"][0]["connections"]
    if parts == ("postgres",):
        assert proof["lost"] == 0
    assert proof["before"]["requests"] > 0, "the proof before is shown beside it"


def test_ctrl_c_shows_the_figures_so_far(shop: Shop) -> None:
    command = shop.start("--progress", "json", "prove", "--deploys", "50", "--rate", "20")
    assert command.stderr is not None
    for line in command.stderr:
        if json.loads(line)["text"].startswith("deploy 1 of"):
            command.send_signal(signal.SIGINT)
            break
    out, err = command.communicate(timeout=60)
    assert command.returncode == 130, out + err
    assert "interrupted after" in out
