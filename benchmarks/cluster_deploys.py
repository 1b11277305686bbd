"""A deploy on a cluster beside plain Helm with the same chart, in turn; the switch; the way back."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from typing import Any

import cluster_stand as stand
from cluster_shop import ClusterShop

from benchmarks.stand import ROOT
from benchmarks.stats import ratio, spread

CHART = str(ROOT / "deploy" / "chart")
QUIET_S = 3.0
PAUSE_S = 3.0
"""Before a way back: some proxies apply the next change of a route only two seconds after the last one."""

Json = dict[str, Any]


def measure(shop: ClusterShop, rounds: int, say: Callable[[str], None]) -> Json:
    """``rounds`` of: a deploy and a way back by Greenroom; the same two releases by plain Helm."""
    toml = shop.folder / "greenroom.toml"
    toml.write_text(toml.read_text().replace("[policy]", '[policy]\nkeep_warm = "1s"'))
    commits = (shop.commit("one"), shop.patched("good"))
    for commit in (*commits, commits[0]):
        shop.json("deploy", commit, "--no-watch", timeout=600)
    plain = PlainHelm(shop)
    ours, theirs, switches = [], [], []
    try:
        for number in range(rounds):
            _settled(shop)
            began = time.monotonic()
            done = shop.json("deploy", commits[1 - number % 2], "--no-watch", timeout=600)
            ours.append(time.monotonic() - began)
            switches += done["figures"]["switch_ms"]
            theirs.append(plain.deploy())
            say(f"deploy {number + 1} of {rounds}: {ours[-1]:.2f} s, plain helm {theirs[-1]:.2f} s")
    finally:
        plain.remove()
    return {
        "greenroom_s": spread(ours),
        "helm_s": spread(theirs),
        "of_helm": ratio(spread(ours)["median"], spread(theirs)["median"]),
        "switch_ms": spread(switches),
        "rollback_s": spread(_ways_back(shop, rounds)),
    }


def _ways_back(shop: ClusterShop, rounds: int) -> list[float]:
    """The whole command, with its start, between two warm slots."""
    toml = shop.folder / "greenroom.toml"
    toml.write_text(toml.read_text().replace('keep_warm = "1s"', 'keep_warm = "30m"'))
    shop.json("restart", "--no-watch", timeout=600)
    took = []
    for _ in range(rounds):
        time.sleep(PAUSE_S)
        began = time.monotonic()
        shop.json("rollback", timeout=120)
        took.append(time.monotonic() - began)
    return took


def _settled(shop: ClusterShop) -> None:
    """The old slot is gone: what is cleared away is no part of the next deploy."""
    time.sleep(1.5)
    shop.run("due", timeout=300)
    for _ in range(100):
        if len(shop.json("status")["slots"]) == 1:
            break
        time.sleep(0.5)
    time.sleep(QUIET_S)


class PlainHelm:
    """The chart by hand: ``helm upgrade --install --wait`` of the idle colour, then one that changes the selector alone."""

    def __init__(self, shop: ClusterShop) -> None:
        self._namespace = f"{shop.name}-plain"
        asked = ("get", "values", shop.namespace, "-n", shop.namespace, "-o", "json")
        self._values: Json = json.loads(_helm(*asked))
        live = self._values["traffic"]["active"]
        self._color = {
            k: v for k, v in self._values["colors"][live].items() if not k.lower().endswith("manifest")
        }
        stand.kubectl("create", "namespace", self._namespace)
        for secret in self._color["secrets"]:
            found = json.loads(stand.kubectl("-n", shop.namespace, "get", "secret", secret, "-o", "json"))
            found["metadata"] = {"name": secret, "namespace": self._namespace}
            stand.kubectl("apply", "-f", "-", text=json.dumps(found))
        self._number, self._live = 0, "green"
        self._values |= {"edge": {**self._values["edge"], "mode": "none"}, "colors": {}}
        self.deploy()

    def deploy(self) -> float:
        """Both upgrades; seconds."""
        idle = "blue" if self._live == "green" else "green"
        self._number += 1
        slot = f"{self._color['release']}-{1000 + self._number}"
        kept = {self._live: self._values["colors"].get(self._live) or {"enabled": False}}
        self._values["colors"] = {**kept, idle: {**self._color, "slot": slot}}
        began = time.monotonic()
        self._values["traffic"] = {**self._values["traffic"], "active": self._live, "preview": idle}
        self._upgrade("--wait")
        self._values["traffic"] = {**self._values["traffic"], "active": idle}
        self._values["background"] = idle
        self._upgrade()
        took = time.monotonic() - began
        self._live = idle
        return took

    def remove(self) -> None:
        """All of it."""
        stand.kubectl("delete", "namespace", self._namespace, "--wait=false")

    def _upgrade(self, *more: str) -> None:
        words = ("upgrade", "--install", "plain", CHART, "-n", self._namespace, "--values", "-", *more)
        _helm(*words, text=json.dumps(self._values))


def _helm(*words: str, text: str | None = None) -> str:
    done = subprocess.run(["helm", *words], input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"helm {' '.join(words[:3])}: {done.stderr}")
    return done.stdout
