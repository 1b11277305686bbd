"""Memory of every part, idle and after load."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from benchmarks.machine import parts, pss_kb, summed
from benchmarks.stand import Stand

SETTLE_S = 3.0


def measure(stand: Stand, load_s: float, say: Callable[[str], None]) -> dict[str, Any]:
    """PSS in MB: as it stands, and once the load of ``load_s`` seconds has ended. One slot serves, none is warm."""
    stand.shop.json("restart", "--no-watch", "--wait", "30")
    _until_one_slot(stand)
    idle = _pss_mb(stand)
    say(f"memory: idle {idle}")
    with stand.shop.load(get=4, fresh=2, post=2, slow=1, upload=1, static=0) as load:
        time.sleep(load_s)
        requests = load.snapshot().requests
    time.sleep(SETTLE_S)
    loaded = _pss_mb(stand)
    say(f"memory: after {requests} requests {loaded}")
    return {"idle_mb": idle, "after_load_mb": loaded, "requests": requests}


def _pss_mb(stand: Stand) -> dict[str, float]:
    return {part: round(kb / 1024, 1) for part, kb in summed(parts(stand.shop.state), pss_kb).items()}


def _until_one_slot(stand: Stand) -> None:
    """The warm slot goes when its time is over."""
    deadline = time.monotonic() + 60
    while len(stand.shop.json("status")["slots"]) > 1:
        if time.monotonic() > deadline:
            raise RuntimeError("the warm slot stays")
        time.sleep(0.5)
    time.sleep(SETTLE_S)
