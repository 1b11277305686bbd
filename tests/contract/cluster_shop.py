"""The shop on a cluster: what the tests of its commands there begin with."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cluster
import cluster_account
import cluster_stand as stand
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "e2e"))
from shop import Shop

from greenroom.domain.environment import PRODUCTION
from greenroom.drivers.load import Address
from greenroom.drivers.system.net import Answer, ask_tls

Json = dict[str, Any]
STAGING = "staging"
ACCOUNT = os.environ.get("GREENROOM_TEST_ACCOUNT", "")
"""The account that all of the shop's tests use: its size, see ``cluster_account``."""

TOML = """
[image]
repository = "{registry}/e2e"
insecure = true

[kubernetes]
replicas = 2
requests = {{ cpu = "50m", memory = "128Mi" }}

[kubernetes.edge]
gateway = "{namespace}/edge"
section = "https"
address = "127.0.0.1"
port = {port}
ca_file = "{ca}"
"""


WITH_CHART = (
    "import sys, pathlib, greenroom.wiring.kubernetes as w; from greenroom.cli.main import main; "
    "chart = pathlib.Path(sys.argv.pop(1)); w.packaged = lambda: chart; main()"
)


class ClusterShop(Shop):
    """``name``: the project's; ``environment``: the one that is looked at; ``outside``: what it is given from outside of its
    cluster; ``edge``: where it is asked; ``chart``: another one than Greenroom's."""

    chart: Path | None = None
    environment = PRODUCTION

    name: str
    outside: dict[str, str]
    edge: stand.Edge

    @property
    def host(self) -> str:
        """Its public name: one label below the stand's, for the certificate's sake."""
        if self.environment != PRODUCTION:
            return f"{self.name}-{self.environment}.{stand.HOST}"
        return stand.HOST if self.name == "shop" else f"{self.name}.{stand.HOST}"

    def at(self, environment: str) -> ClusterShop:
        """The same shop, looked at from another environment."""
        other = copy.copy(self)
        other.environment = environment
        return other

    def command(self, *arguments: str) -> list[str]:
        usual = super().command("-e", self.environment, *arguments)
        return (
            usual if self.chart is None else [sys.executable, "-c", WITH_CHART, str(self.chart), *usual[1:]]
        )

    def pods(self, slot: str) -> dict[str, Json]:
        """The web pods of a slot by their unique ids."""
        chosen = f"greenroom.dev/slot={slot},greenroom.dev/role=web"
        listed = json.loads(stand.kubectl("-n", self.namespace, "get", "pods", "-l", chosen, "-o", "json"))
        return {pod["metadata"]["uid"]: pod for pod in listed["items"]}

    @property
    def address(self) -> Address:
        return Address(self.host, self.edge.secure, self.edge.ca)

    def get(self, path: str) -> Answer:
        """One request through the edge."""
        return ask_tls(self.host, self.edge.secure, path, str(self.edge.ca), 20.0, "127.0.0.1", {})

    def asked(self) -> tuple[int, str]:
        """The front page through the edge: its status, and the slot that answered."""
        found = self.get("/")
        return found.status, found.headers.get("x-release", "")

    def answers(self, slot: str, seconds: float = 20.0) -> bool:
        """Does the slot answer the public soon?"""
        until = time.monotonic() + seconds
        while self.asked() != (200, slot):
            if time.monotonic() > until:
                return False
            time.sleep(0.1)
        return True

    @property
    def namespace(self) -> str:
        """Of the environment."""
        return f"{self.name}-{self.environment}"

    @property
    def control(self) -> str:
        """The namespace of its records."""
        return f"greenroom-{self.name}"

    def give(self, name: str, value: str, *words: str) -> None:
        """Set a secret, by standard input."""
        asked = self.command("secrets", "set", name, *words)
        done = subprocess.run(asked, input=value, env=self.env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def goes_up(self) -> None:
        """From nothing: secrets given, then the first release."""
        for name, value in self.outside.items():
            self.give(name, value)
        up = self.json("up", timeout=600)
        seen = self.json("status")
        assert seen["live"] == up["serving"]
        assert seen["healthy"] is True


@contextmanager
def on_the_cluster(folder: Path, name: str, account: str = ACCOUNT) -> Iterator[ClusterShop]:
    """The shop as project ``name``, serving. Everything goes at the end."""
    with beside_the_stand(folder, name, account) as shop:
        shop.goes_up()
        yield shop


@contextmanager
def beside_the_stand(folder: Path, name: str, account: str = ACCOUNT) -> Iterator[ClusterShop]:
    """The shop's project, with nothing of it on the cluster yet, and what it needs beside itself; skipped where there is no
    cluster or no edge.

    ``account``: the size of Greenroom's own account with which it is driven; without one, with all rights.
    """
    cluster.require()
    edge = stand.edge_of(folder)
    if edge is None:
        pytest.skip("GREENROOM_TEST_EDGE names no edge of the cluster: 18443:8443,8000")
    shop = ClusterShop(folder / "marketplace")
    shop.name, shop.edge = name, edge
    shop.make()
    _move(shop)
    try:
        with _as(shop, account, folder):
            shop.outside = stand.stand(folder, edge)
            yield shop
            shop.run("destroy", "--yes", timeout=300)
    finally:
        for left in (shop.namespace, shop.at(STAGING).namespace, shop.control):
            stand.kubectl("delete", "namespace", left, "--ignore-not-found", "--wait=false")
        stand.gone()


@contextmanager
def _as(shop: ClusterShop, account: str, folder: Path) -> Iterator[None]:
    """Its commands are given with that account."""
    if not account:
        yield
        return
    size = ["--premade"] if account == cluster_account.PREMADE else []
    objects = shop.json("cluster", "account", *size)["objects"]
    with cluster_account.applied(objects, shop.control, folder) as kubeconfig:
        shop.env["KUBECONFIG"] = str(kubeconfig)
        yield


def _move(shop: ClusterShop) -> None:
    """From one machine to the cluster: one word, and where its registry and its edge are."""
    toml = shop.folder / "greenroom.toml"
    registry = os.environ["GREENROOM_TEST_REGISTRY"]
    text = toml.read_text().replace('name = "production"', 'name = "production"\ntarget = "kubernetes"')
    host = shop.at(STAGING).host
    text = text.replace('name = "staging"', f'name = "staging"\ntarget = "kubernetes"\nhost = "{host}"')
    text = text.replace('name = "shop"', f'name = "{shop.name}"\nhost = "{shop.host}"', 1)
    edge = shop.edge
    toml.write_text(
        text + TOML.format(registry=registry, namespace=stand.NAMESPACE, port=edge.secure, ca=edge.ca)
    )
    shop.commit("on a cluster")
