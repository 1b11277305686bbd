"""Deploy after deploy under light load: does any part grow?"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from benchmarks.machine import anonymous_kb, descriptors, folder_kb, parts, pss_kb, summed, threads
from benchmarks.stand import Stand
from benchmarks.stats import judge
from greenroom.drivers.load import Address, Clients, Load, Mix

RATE = 20.0
CLIENTS = Clients(get=2, fresh=1, post=1, slow=1, upload=0, static=0)
QUIET_S = 5.0
"""Before a sample: the warm slot is gone and the load pauses, so that samples compare like with like."""

RULES: Mapping[str, tuple[float, float]] = {
    "anonymous_mb": (0.10, 2.0),
    "pss_mb": (0.10, 2.0),
    "descriptors": (0.0, 0.5),
    "threads": (0.0, 0.5),
    "folder_mb": (0.10, 2.0),
}
"""Allowed growth over the run: this share of the start, or this much if that is more."""

ANEW = frozenset({"gunicorn", "mailer", "postgres connections"})
"""Parts that every deploy starts afresh: their threads and descriptors follow the load of the moment."""

GO = frozenset({"caddy", "weed"})
"""Programs in Go: its runtime adds a thread whenever all are in system calls and keeps it for good
(https://github.com/golang/go/issues/14592), so the machine's load shows in them."""

GO_THREADS = 2.0
"""How many such threads are no growth; one a deploy would be."""

ANEW_SHARE = 0.25
"""What ANEW parts may differ by; a process that stayed behind would add half or more each time."""

FOLDERS = ("builds", "venvs", "slots", "edge", "units", "run", "jobs", "secrets", "caddy")
"""What must not grow. Data (PostgreSQL, S3) and bounded or wanted history (logs, the ledger) are only reported."""

Sample = dict[str, Any]


def measure(
    stand: Stand, deploys: int, every: int, minutes: float, say: Callable[[str], None]
) -> dict[str, Any]:
    """``deploys`` there and back, a sample before the first and after ``every`` more; no more after ``minutes``."""
    samples = [_sample(stand, 0)]
    totals = {"requests": 0, "lost": 0, "app_errors": 0, "failed_deploys": 0}
    began = time.monotonic()
    for first in range(0, deploys, every):
        last = min(deploys, first + every)
        seen = _stretch(stand, first, last)
        totals = {key: totals[key] + seen[key] for key in totals}
        samples.append(_sample(stand, last))
        say(f"endurance: {last} of {deploys} deploys, {totals['lost']} of {totals['requests']} lost")
        if time.monotonic() - began > minutes * 60:
            break
    lasted = round(time.monotonic() - began)
    return {
        "deploys": samples[-1]["deploys"],
        "seconds": lasted,
        **totals,
        "samples": samples,
        "verdicts": verdicts(samples),
    }


def _stretch(stand: Stand, first: int, last: int) -> dict[str, int]:
    mix = Mix(("/", "/search?q=lamp"), "/slow", "/api/echo", (), CLIENTS, slow_s=1.0)
    load = Load(Address("shop.localhost", stand.shop.port, stand.shop.ca), mix, RATE)
    load.start()
    failed = 0
    try:
        for number in range(first, last):
            commit = stand.commits[1 - number % 2]
            done = stand.shop.run("deploy", commit, "--no-watch", "--wait", "60", timeout=300)
            failed += done.returncode != 0
    finally:
        tally = load.stop()
    return {
        "requests": tally.requests,
        "lost": tally.lost,
        "app_errors": tally.app_errors,
        "failed_deploys": failed,
    }


def _sample(stand: Stand, deploys: int) -> Sample:
    _until_quiet(stand)
    mine = parts(stand.shop.state)
    state = stand.shop.state
    return {
        "deploys": deploys,
        "pss_mb": {part: round(kb / 1024, 2) for part, kb in summed(mine, pss_kb).items()},
        "anonymous_mb": {part: round(kb / 1024, 2) for part, kb in summed(mine, anonymous_kb).items()},
        "descriptors": summed(mine, descriptors),
        "threads": summed(mine, threads),
        "folder_mb": {name: _mb(state, name) for name in FOLDERS},
        "reported_mb": {name: _mb(state, name) for name in ("logs", "postgres", "s3")},
        "ledger_kb": (state / "ledger.sqlite").stat().st_size // 1024,
        "entries": sum(1 for _ in state.rglob("*")),
    }


def _mb(state: Any, name: str) -> float:
    return round(folder_kb(state / name) / 1024, 2)


def _until_quiet(stand: Stand) -> None:
    deadline = time.monotonic() + 60
    while len(stand.shop.json("status")["slots"]) > 1:
        if time.monotonic() > deadline:
            raise RuntimeError("the warm slot stays")
        time.sleep(0.5)
    time.sleep(QUIET_S)


def verdicts(samples: Sequence[Sample]) -> list[dict[str, Any]]:
    """The rule applied to every part and figure. Pure.

    Memory is judged by anonymous pages. PSS stands in only for samples that lack them: it also rises when somebody
    else who shares a program's file ends.
    """
    xs = [sample["deploys"] for sample in samples]
    found = []
    unknown = "pss_mb" if all("anonymous_mb" in sample for sample in samples) else "anonymous_mb"
    for figure, (share, floor) in RULES.items():
        if figure == unknown:
            continue
        for part in sorted(set.intersection(*(set(sample[figure]) for sample in samples))):
            allowed = max(share, ANEW_SHARE) if part in ANEW else share
            least = GO_THREADS if figure == "threads" and part in GO else floor
            seen = judge(xs, [sample[figure][part] for sample in samples], allowed, least)
            found.append(
                {
                    "figure": figure,
                    "part": part,
                    "start": seen.start,
                    "growth": seen.growth,
                    "allowed": seen.allowed,
                    "grows": seen.grows,
                }
            )
    return found
