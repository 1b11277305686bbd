"""Requests lost per deploy: every mechanism in turn, round after round, under the same load."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.mechanisms import Mechanism, mechanisms
from benchmarks.servers import nginx_binary
from benchmarks.stand import Stand
from benchmarks.stats import ratio, spread
from greenroom.domain.tally import Loss, Record
from greenroom.drivers.load import Address, Clients, Load, Mix
from greenroom.drivers.system.net import ask_tls

CLIENTS = Clients(get=6, fresh=4, post=4, slow=2, upload=2, static=0)
"""Kept and new connections, pages and POST bodies, requests of a second and slow uploads in flight."""

MIX = Mix(("/", "/search?q=lamp"), "/slow", "/api/echo", (), CLIENTS, slow_s=1.0)
RATE = 100.0
"""Requests a second at most."""

TIMEOUT_S = 15.0
DEPLOYS = 2
"""In one round: there and back."""

BEFORE_S = 2.0
AFTER_S = 4.0
"""Load after each deploy that still counts for it: the last old process is gone by then."""


@dataclass
class Seen:
    """What one mechanism did so far."""

    lost: list[int] = field(default_factory=list)
    app_errors: list[int] = field(default_factory=list)
    requests: int = 0
    seconds: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)
    causes: Counter[str] = field(default_factory=Counter)

    def to_json(self) -> dict[str, Any]:
        """Per deploy and in all."""
        return {
            "deploys": len(self.lost),
            "requests": self.requests,
            "lost": sum(self.lost),
            "app_errors": sum(self.app_errors),
            "lost_per_deploy": spread(self.lost),
            "mean_lost_per_deploy": round(sum(self.lost) / len(self.lost), 2),
            "seconds_per_deploy": spread(self.seconds),
            "p99_ms": spread(self.p99_ms),
            "causes": dict(self.causes.most_common()),
        }


def measure(stand: Stand, deploys: int, say: Callable[[str], None]) -> dict[str, Any]:
    """At least ``deploys`` of each mechanism, an even number."""
    nginx = nginx_binary()
    ways = mechanisms(stand, nginx)
    seen = {name: Seen() for name in ways}
    rounds = (deploys + DEPLOYS - 1) // DEPLOYS
    for number in range(rounds):
        for name, make in ways.items():
            _round(stand, make, seen[name])
            lost = seen[name].lost[-DEPLOYS:]
            say(f"losses: round {number + 1} of {rounds}: {name}: {lost} lost")
    return _result(seen, nginx is None)


def _round(stand: Stand, make: Callable[[Path], Mechanism], seen: Seen) -> None:
    folder = stand.folder / "round"
    folder.mkdir()
    mechanism: Mechanism | None = None
    try:
        mechanism = make(folder)
        _deploys(stand, mechanism, seen)
    finally:
        if mechanism is not None:
            mechanism.close()
        shutil.rmtree(folder)


def _deploys(stand: Stand, mechanism: Mechanism, seen: Seen) -> None:
    load = Load(Address("shop.localhost", mechanism.port, stand.shop.ca), MIX, RATE, TIMEOUT_S)
    load.start()
    try:
        time.sleep(BEFORE_S)
        if load.snapshot().lost:
            raise RuntimeError(f"requests are lost before the first deploy: {load.snapshot().losses[:3]}")
        begins = []
        for number in range(DEPLOYS):
            begins.append(load.now())
            mechanism.deploy(1 - number % 2)
            seen.seconds.append(load.now() - begins[-1])
            time.sleep(AFTER_S)
            _check(stand, mechanism, 1 - number % 2)
    finally:
        tally = load.stop()
    seen.requests += tally.requests
    seen.p99_ms.append(tally.p99_ms)
    seen.causes.update(_cause(loss) for loss in tally.losses)
    seen.lost += split(begins, [r.end_s for r in load.records if r.lost])
    seen.app_errors += split(begins, [r.end_s for r in load.records if _error(r)])


def _check(stand: Stand, mechanism: Mechanism, number: int) -> None:
    """Raises RuntimeError when the public does not see the release: then nothing was deployed."""
    page = ask_tls("shop.localhost", mechanism.port, "/", str(stand.shop.ca), TIMEOUT_S).body
    if stand.recipes[number].banner not in page:
        raise RuntimeError("the new release does not answer")


def split(begins: list[float], moments: list[float]) -> list[int]:
    """How many moments fall to each deploy: from its beginning to the next one's."""
    ends = [*begins[1:], float("inf")]
    return [sum(a <= m < b for m in moments) for a, b in zip(begins, ends, strict=True)]


def _error(record: Record) -> bool:
    return record.app_error


def _cause(loss: Loss) -> str:
    return f"status {loss.status}" if loss.status is not None and loss.cause == "status" else str(loss.cause)


def _result(seen: dict[str, Seen], no_nginx: bool) -> dict[str, Any]:
    ways = {name: one.to_json() for name, one in seen.items()}
    base = ways["stop, then start"]["mean_lost_per_deploy"]
    for one in ways.values():
        one["of_stop_then_start"] = ratio(one["mean_lost_per_deploy"], base)
    notes = ["nginx cannot be had here: its two mechanisms are left out"] if no_nginx else []
    return {"rate": RATE, "after_s": AFTER_S, "mechanisms": ways, "notes": notes}
