"""The cluster target, measured: ``benchmarks/cluster [--only deploy controls argo images] [--rounds N]``.

Everything runs on one cluster in one run, with the shop from its own images behind the cluster's edge over TLS. Needs what the
tests on a cluster need: KUBECONFIG, GREENROOM_TEST_REGISTRY, GREENROOM_TEST_EDGE; ``argo`` a running Argo Rollouts; ``images``
alone needs buildah only.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.machine import described, load_average
from benchmarks.stand import ROOT

sys.path[:0] = [str(ROOT / "tests" / "contract"), str(ROOT / "tests" / "e2e")]

from cluster_shop import on_the_cluster

from benchmarks import cluster_argo, cluster_controls, cluster_deploys, image_sizes

NEEDED = ("KUBECONFIG", "GREENROOM_TEST_REGISTRY", "GREENROOM_TEST_EDGE")
SECTIONS = ("deploy", "controls", "argo", "images")
Say = Callable[[str], None]


def main(arguments: list[str]) -> int:
    """Measure, and write the results."""
    read = argparse.ArgumentParser(prog="benchmarks/cluster", description=__doc__)
    read.add_argument("--only", nargs="+", choices=SECTIONS, default=SECTIONS)
    read.add_argument("--rounds", type=int, default=10)
    asked = read.parse_args(arguments)
    file = ROOT / "benchmarks" / "results" / f"{time.strftime('%Y-%m-%d', time.gmtime())}-cluster.json"
    found: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    found |= {"machine": described(), "load_average_start": load_average()}
    for name, measured in _measured(asked.only, asked.rounds):
        found[name] = measured
        file.write_text(json.dumps({**found, "load_average_end": load_average()}, indent=1) + "\n")
        say(f"{name}: {json.dumps(measured)[:600]}")
    say(f"results in {file.relative_to(ROOT)}")
    return 0


def _measured(only: list[str], rounds: int) -> Any:
    if "images" in only:
        yield "images", image_sizes.measure(say)
    if not {"deploy", "controls", "argo"} & set(only):
        return
    missing = [name for name in NEEDED if not os.environ.get(name)]
    if missing:
        raise SystemExit(f"no cluster to measure on: {', '.join(missing)} not set")
    with tempfile.TemporaryDirectory() as folder, on_the_cluster(Path(folder), "bench") as shop:
        if "deploy" in only:
            yield "deploy", cluster_deploys.measure(shop, rounds, say)
        if "controls" in only:
            yield "controls", cluster_controls.measure(shop, max(2, rounds // 2), say)
        if "argo" in only:
            yield "argo", cluster_argo.measure(shop, max(3, rounds // 2), say)


def say(text: str) -> None:
    """A line of progress."""
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
