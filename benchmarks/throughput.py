"""Requests a second and CPU per request: through the edge over TLS, against the same gunicorn alone over TCP."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from shop import free_port

from benchmarks.machine import cpu_seconds, parts, tree
from benchmarks.servers import Gunicorn
from benchmarks.stand import Stand
from benchmarks.stats import median, spread
from greenroom.drivers.load import Address, Clients, Load, Mix

PATHS = {"page": "/", "trivial": "/slow?s=0"}
CLIENTS = (4, 16)
WARM_UP_S = 1.5
Pids = Mapping[str, list[int]]


def measure(stand: Stand, rounds: int, seconds: float, say: Callable[[str], None]) -> dict[str, Any]:
    """``rounds`` of each way in turn, ``seconds`` each: medians, and the ratio of edge to alone."""
    folder = stand.folder / "alone"
    folder.mkdir()
    alone = Gunicorn(stand.recipes[0], free_port(), folder)
    runs: dict[str, list[dict[str, float]]] = {}
    try:
        alone.wait_ready()
        for number in range(rounds):
            for name, run in _ways(stand, alone, seconds).items():
                runs.setdefault(name, []).append(run())
                say(f"throughput: round {number + 1} of {rounds}: {name}: {runs[name][-1]}")
    finally:
        alone.end()
    return _result(runs)


def _ways(stand: Stand, alone: Gunicorn, seconds: float) -> dict[str, Callable[[], dict[str, float]]]:
    shop = stand.shop
    edge = Address("shop.localhost", shop.port, shop.ca)
    direct = Address("shop.localhost", alone.port)
    mine = parts(shop.state)
    through = {part: [p.pid for p in mine if p.part == part] for part in ("gunicorn", "caddy")}
    only = {"gunicorn": tree(alone.process.pid)}
    ways: dict[str, Callable[[], dict[str, float]]] = {}
    for kind, path in PATHS.items():
        for count in CLIENTS:
            ways[f"{kind}, {count} clients, alone"] = _way(direct, path, count, only, seconds)
            ways[f"{kind}, {count} clients, edge"] = _way(edge, path, count, through, seconds)
    static = _static(stand)
    ways["static file, 4 clients, edge"] = _way(edge, static, 4, through, seconds)
    return ways


def _way(
    address: Address, path: str, count: int, pids: Pids, seconds: float
) -> Callable[[], dict[str, float]]:
    """Closed loop: each client asks again as soon as it is answered, on a kept connection."""

    def run() -> dict[str, float]:
        mix = Mix((path,), clients=Clients(get=count, fresh=0, post=0, slow=0, upload=0, static=0))
        _warm_up(address, mix)
        load = Load(address, mix)
        before = {part: cpu_seconds(of) for part, of in pids.items()}
        began = time.monotonic()
        load.start()
        time.sleep(seconds)
        tally = load.stop()
        lasted = time.monotonic() - began
        if tally.lost or tally.app_errors:
            raise RuntimeError(f"{path}: {tally.lost} lost, {tally.app_errors} errors: {tally.losses[:3]}")
        used = {
            f"{part}_ms": (cpu_seconds(of) - before[part]) * 1000 / tally.requests
            for part, of in pids.items()
        }
        return {"per_s": tally.requests / lasted, "p50_ms": tally.p50_ms, "p99_ms": tally.p99_ms, **used}

    return run


def _warm_up(address: Address, mix: Mix) -> None:
    """So that no process is measured while it loads templates and opens its database connections."""
    load = Load(address, mix)
    load.start()
    time.sleep(WARM_UP_S)
    load.stop()


def _static(stand: Stand) -> str:
    manifest = json.loads((stand.shop.state / "builds" / stand.recipes[0].name / "manifest.json").read_text())
    return f"/static/{manifest['css/base.css']}"


def _result(runs: Mapping[str, list[dict[str, float]]]) -> dict[str, Any]:
    ways = {name: {key: spread([run[key] for run in of]) for key in of[0]} for name, of in runs.items()}
    ratios = {}
    for kind in PATHS:
        for count in CLIENTS:
            base = f"{kind}, {count} clients"
            pairs = list(zip(runs[f"{base}, edge"], runs[f"{base}, alone"], strict=True))
            ratios[base] = {
                "per_s": median([edge["per_s"] / alone["per_s"] for edge, alone in pairs]),
                "edge_cpu_of_app_cpu": median([edge["caddy_ms"] / edge["gunicorn_ms"] for edge, _ in pairs]),
            }
    return {"client": "raw sockets in Python threads, on the same cores", "ways": ways, "ratios": ratios}
