"""Argo Rollouts beside Greenroom: the same app, cluster, edge and load; how soon a new release answers, and how soon the old one again.

Argo's CRDs must be there, and its controller must run (`kubectl argo rollouts` is not needed). Greenroom's pods hold nginx too.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from cluster_shop import ClusterShop

from benchmarks.cluster_controls import Beside, under_load
from benchmarks.stats import ratio, spread
from greenroom.domain.tally import Tally
from greenroom.drivers.load import Address
from greenroom.drivers.system.net import ask_tls

PATIENCE_S = 120.0
PAUSE_S = 3.0
"""Before each change: some proxies apply the next change of a route only two seconds after the last one."""

WARM_S = 30.0
"""How long Argo keeps the old pods (``scaleDownDelaySeconds``)."""

Json = dict[str, Any]


def measure(shop: ClusterShop, rounds: int, say: Callable[[str], None]) -> Json:
    """``rounds`` of: a deploy by each and at once the way back by each, under load; then both ways back after Argo's 30 seconds."""
    argo = Argo(shop)
    commits = (shop.commit("argo one"), shop.patched("good"))
    for commit in (*commits, commits[0]):
        shop.json("deploy", commit, "--no-watch", timeout=600)
    seen: dict[str, list[float]] = {}
    lost: dict[str, list[Tally]] = {"greenroom": [], "argo": []}
    try:
        for number in range(rounds):
            commit = commits[1 - number % 2]
            ways: dict[str, tuple[Address, Callable[[], None], Callable[[], None]]] = {
                "greenroom": (
                    shop.address,
                    _deploy(shop, commit),
                    lambda: shop.json("rollback", timeout=120),
                ),
                "argo": (argo.address, lambda: argo.deploy(True), lambda: argo.deploy(False)),
            }
            for name, (address, there, back) in ways.items():
                turn = partial(_turn, name, address, there, back, seen)
                lost[name].append(under_load(address, turn))
            say(f"argo {number + 1} of {rounds}: { ({k: round(v[-1], 2) for k, v in seen.items()}) }")
            shop.json("deploy", commit, "--no-watch", timeout=600)
            argo.deploy(True)
        _later(shop, argo, seen, say)
    finally:
        argo.remove()
    told = {name: spread(values) for name, values in seen.items()}
    medians = {name: value["median"] for name, value in told.items()}
    return {
        **told,
        "first_answer_of_argo": ratio(medians["greenroom_first_s"], medians["argo_first_s"]),
        "lost": {name: [t.lost for t in tallies] for name, tallies in lost.items()},
        "requests": {name: sum(t.requests for t in tallies) for name, tallies in lost.items()},
    }


def _deploy(shop: ClusterShop, commit: str) -> Callable[[], None]:
    return lambda: shop.json("deploy", commit, "--no-watch", timeout=600)


def _later(shop: ClusterShop, argo: Argo, seen: dict[str, list[float]], say: Callable[[str], None]) -> None:
    """The way back when Argo has let its old pods go, and Greenroom has not."""
    time.sleep(WARM_S + 10.0)
    for name, address, back in (
        ("greenroom", shop.address, lambda: shop.json("rollback", timeout=120)),
        ("argo", argo.address, lambda: argo.deploy(False)),
    ):
        seen[f"{name}_back_later_s"] = [_until_another_answers(address, back)]
        say(f"{name} back after {WARM_S + 10:.0f} s: {seen[f'{name}_back_later_s'][0]:.2f} s")


def _turn(
    name: str,
    address: Address,
    there: Callable[[], object],
    back: Callable[[], object],
    seen: dict[str, list[float]],
) -> None:
    seen.setdefault(f"{name}_first_s", []).append(_until_another_answers(address, there))
    time.sleep(PAUSE_S)
    seen.setdefault(f"{name}_back_s", []).append(_until_another_answers(address, back))
    time.sleep(PAUSE_S)


def _until_another_answers(address: Address, change: Callable[[], object]) -> float:
    """Seconds from the beginning of the command to the first answer of another release than now."""
    before = _release(address)
    failed: list[BaseException] = []

    def run() -> None:
        try:
            change()
        except BaseException as error:
            failed.append(error)
            raise

    command = threading.Thread(target=run)
    began = time.monotonic()
    command.start()
    while _release(address) == before:
        if failed or time.monotonic() - began > PATIENCE_S:
            raise RuntimeError(f"no other release answered: {failed or 'too late'}")
        time.sleep(0.005)
    took = time.monotonic() - began
    command.join()
    return took


def _release(address: Address) -> str:
    with suppress(OSError):
        found = ask_tls(address.host, address.port, "/sign-in", str(address.ca_file), 5.0, "127.0.0.1", {})
        return str(found.headers.get("x-release", ""))
    return ""


class Argo(Beside):
    """A Rollout with the strategy blueGreen and Argo's defaults."""

    def __init__(self, shop: ClusterShop) -> None:
        super().__init__(shop, "argo")
        self._live = False
        for name in ("live", "preview"):
            self.apply(self.service(name, {"app": "argo"}))
        self.apply(self._rollout(False))
        self.apply(self.route("live"))
        self._settled()

    def deploy(self, newer: bool) -> None:
        """Another template, and wait until all is done."""
        self.apply(self._rollout(newer))
        self._settled()

    def _settled(self) -> None:
        until = time.monotonic() + PATIENCE_S
        while self.kubectl("get", "rollout", "argo", "-o", "jsonpath={.status.phase}") != "Healthy":
            if time.monotonic() > until:
                raise RuntimeError(self.kubectl("get", "rollout", "argo", "-o", "yaml")[-2000:])
            time.sleep(0.2)

    def _rollout(self, newer: bool) -> Json:
        template = self.pods({"app": "argo"})
        (container,) = template["spec"]["containers"]
        others = [v for v in container.get("env", ()) if v["name"] != "GREENROOM_SLOT"]
        slot = {"name": "GREENROOM_SLOT", "value": "newer" if newer else "older"}
        container["env"] = [*others, slot]
        services = {"activeService": "live", "previewService": "preview"}
        return {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Rollout",
            "metadata": {"name": "argo"},
            "spec": {
                "replicas": 2,
                "selector": {"matchLabels": {"app": "argo"}},
                "template": template,
                "strategy": {"blueGreen": services},
            },
        }
