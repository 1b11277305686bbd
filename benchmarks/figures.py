"""What Greenroom's own operations take: switch, first answer, deploy, rollback, and the start of the command line."""

from __future__ import annotations

import resource
import subprocess
import time
from collections.abc import Callable
from typing import Any

from benchmarks.stand import Stand
from benchmarks.stats import spread
from greenroom.domain.tally import first_answer_ms
from greenroom.drivers.load import Load

WORKERS_FOLLOW_S = 3.0
"""Between two rollbacks: the workers have followed the last switch."""

COMMANDS = (("--help",), ("--version",), ("status",), ("plan",))


def operations(stand: Stand, times: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Deploys there and back under load, then warm rollbacks without load, ``times`` each."""
    shop, (old, new) = stand.shop, stand.commits
    deploys: list[dict[str, Any]] = []
    firsts: list[float] = []
    with shop.load() as load:
        for number in range(times):
            commit = (new, old)[number % 2]
            began = time.monotonic()
            figures = shop.json("deploy", commit, "--no-watch", "--wait", "30", timeout=300)["figures"]
            deploys.append({"command_s": time.monotonic() - began, **figures})
            say(f"operations: deploy {number + 1} of {times}: {figures['seconds']}")
            time.sleep(WORKERS_FOLLOW_S)
            firsts += _first_answer(stand, load)
    return {
        "deploys": {**_deploys(deploys), "first_answer_ms": spread(firsts)},
        "rollbacks": _rollbacks(stand, times, say),
    }


def _first_answer(stand: Stand, load: Load) -> list[float]:
    """From the switch to the first whole answer of the new slot that a client of the load got."""
    status = stand.shop.json("status")
    slot = next(s for s in status["slots"] if s["id"] == status["live"])
    switched_at = slot["switched_at"] - time.time() + load.now()
    first = first_answer_ms(load.records, slot["id"], switched_at)
    return [] if first is None else [first]


def _deploys(runs: list[dict[str, Any]]) -> dict[str, Any]:
    start = [sum(run["seconds"].get(kind, 0.0) for kind in ("launch", "probe")) for run in runs]
    verified = [sum(run["seconds"].values()) for run in runs]
    return {
        "command_s": spread([run["command_s"] for run in runs]),
        "to_verified_s": spread(verified),
        "start_of_the_app_s": spread(start),
        "to_verified_without_start_s": spread([a - b for a, b in zip(verified, start, strict=True)]),
        "switch_ms": spread([ms for run in runs for ms in run["switch_ms"]]),
        "commit_ms": spread([ms for run in runs for ms in run["commit_ms"]]),
        "confirm_ms": spread([run["seconds"]["confirm"] * 1000 for run in runs]),
    }


def _rollbacks(stand: Stand, times: int, say: Callable[[str], None]) -> dict[str, Any]:
    took, switch, seconds = [], [], []
    for number in range(times):
        time.sleep(WORKERS_FOLLOW_S)
        began = time.monotonic()
        outcome = stand.shop.json("rollback", "--wait", "30")
        took.append(time.monotonic() - began)
        switch += outcome["figures"]["switch_ms"]
        seconds.append(sum(outcome["figures"]["seconds"].values()))
        say(f"operations: rollback {number + 1} of {times}: {took[-1]:.2f} s")
    return {"command_s": spread(took), "steps_s": spread(seconds), "switch_ms": spread(switch)}


def start_up(stand: Stand, times: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Wall clock and CPU of commands that change nothing, ``times`` each, in turn."""
    walls: dict[str, list[float]] = {}
    cpus: dict[str, list[float]] = {}
    for number in range(times):
        for words in COMMANDS:
            name = " ".join(words)
            wall, cpu = _timed(stand, words)
            walls.setdefault(name, []).append(wall)
            cpus.setdefault(name, []).append(cpu)
        say(f"start-up: {number + 1} of {times}")
    return {name: {"wall_ms": spread(walls[name]), "cpu_ms": spread(cpus[name])} for name in walls}


def _timed(stand: Stand, words: tuple[str, ...]) -> tuple[float, float]:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    subprocess.run(stand.shop.command(*words), env=stand.shop.env, check=True, capture_output=True)
    wall = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall * 1000, cpu * 1000
