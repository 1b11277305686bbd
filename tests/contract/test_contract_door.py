"""A live environment that is made private is shut by the next ``up``, and opened again by the next one after it is made public."""

from __future__ import annotations

import re
from base64 import b64encode
from pathlib import Path

import cluster
import cluster_stand as stand
from cluster_shop import ClusterShop, on_the_cluster

from greenroom.domain.environment import PRODUCTION, Access, Environment, Tier
from greenroom.domain.policy import Policy
from greenroom.domain.roles import Role, RoleKind
from greenroom.domain.stage import Slot
from greenroom.drivers.kubernetes.access import SECRET, AccessSecret
from greenroom.drivers.kubernetes.slots import Placed
from greenroom.drivers.kubernetes.values import Images
from greenroom.drivers.system.net import ask_tls

OPEN = 'target = "kubernetes"\n'
SHUT = f'{OPEN}access = "private"\n'


def test_the_secret_stays_as_long_as_a_slot_mounts_it() -> None:
    cluster.require()
    made = cluster.pieces("door-mount", Images("", ""), (Role("web", RoleKind.WEB),), Policy())
    private, public = (
        Environment(PRODUCTION, Tier.PRODUCTION, "", access=a) for a in (Access.PRIVATE, Access.PUBLIC)
    )
    with cluster.environment(made):
        shut = AccessSecret(made.api, made.names, made.store, lambda _: private, print)
        opened = AccessSecret(made.api, made.names, made.store, lambda _: public, print)
        shut.ensure(PRODUCTION)
        slot = Slot("a-1", PRODUCTION, "a", 1, "", 0.0)
        made.slots.put(Placed(slot, "blue", manifest=f"secretName: {SECRET}"))
        opened.ensure(PRODUCTION)
        assert opened.observe(PRODUCTION).there
        assert opened.headers(PRODUCTION) == shut.headers(PRODUCTION) != {}
        made.slots.drop(slot.id)
        opened.ensure(PRODUCTION)
        assert not opened.observe(PRODUCTION).there


def test_private_is_shut_and_public_is_open_after_up(tmp_path: Path) -> None:
    with on_the_cluster(tmp_path, "door") as shop:
        first = shop.live()
        assert asked(shop, {}) == (200, first)

        written(shop, OPEN, SHUT)
        told = shop.run("up", timeout=600)
        assert told.returncode == 0, told.stderr
        second = shop.live()
        assert second != first
        assert asked(shop, {}) == (401, second)
        found = re.search(r"name (\S+), password (\S+)", told.stderr + told.stdout)
        assert found is not None, told.stderr
        guest = {"Authorization": "Basic " + b64encode(f"{found[1]}:{found[2]}".encode()).decode()}
        assert asked(shop, guest) == (200, second)
        again = shop.json("up", timeout=600)
        assert (again["serving"], again["outcome"]) == (second, None)

        written(shop, SHUT, OPEN)
        third = shop.json("up", timeout=600)["serving"]
        assert third not in (first, second)
        assert asked(shop, {}) == (200, third)
        # The slot before is warm, and mounts it: a pod of it that is made anew finds it.
        assert shop.json("up", timeout=600)["outcome"] is None
        assert SECRET in stand.kubectl("-n", shop.namespace, "get", "secrets", "-o", "name")
        assert shop.run("rollback", timeout=600).returncode == 0
        assert asked(shop, {}) == (401, second)
        assert asked(shop, guest) == (200, second)


def written(shop: ClusterShop, before: str, after: str) -> None:
    """Say another word of production in the project's file."""
    toml = shop.folder / "greenroom.toml"
    head, name, rest = toml.read_text().partition('name = "production"\n')
    assert rest.startswith(before)
    toml.write_text(head + name + after + rest.removeprefix(before))


def asked(shop: ClusterShop, headers: dict[str, str]) -> tuple[int, str]:
    """The front page: its status, and the slot that answered."""
    edge = shop.edge
    found = ask_tls(shop.host, edge.secure, "/", str(edge.ca), 20.0, "127.0.0.1", headers)
    return found.status, found.headers.get("x-release", "")
