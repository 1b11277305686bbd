"""A private environment on a cluster is shut to everybody without a password, and its health checks still answer."""

from __future__ import annotations

import http.client
import re
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import cluster

from greenroom.domain.environment import Access, Environment, Tier
from greenroom.domain.policy import Policy
from greenroom.domain.release import Release
from greenroom.domain.roles import Role, RoleKind
from greenroom.domain.secret import Secret
from greenroom.domain.stage import slot_id
from greenroom.drivers.kubernetes.access import AccessSecret
from greenroom.drivers.kubernetes.values import Images

ENV, PROJECT, HOST = "production", "ev-access", "ev-access.localhost"
GUNICORN = "gunicorn==27.0.1"
WSGI = """
def app(environ, start_response):
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
"""
PATHS = ("/", "/static/app.css", "/media/a.jpg", "/api/orders")


def test_it_is_shut_without_a_password(tmp_path: Path) -> None:
    cluster.require()
    images = cluster.small_images(WSGI, GUNICORN, tmp_path)
    roles = (Role("web", RoleKind.WEB, processes=1, threads=2),)
    policy = replace(Policy(), probe_timeout=90.0)
    made = cluster.pieces(PROJECT, images, roles, policy, HOST, Access.PRIVATE)
    with cluster.environment(made):
        told: list[str] = []
        place = Environment(ENV, Tier.PRODUCTION, HOST, access=Access.PRIVATE)
        door = AccessSecret(made.api, made.names, made.store, lambda _: place, told.append)
        assert door.headers(ENV) == {}
        for _ in range(2):
            door.ensure(ENV)
        assert len(told) == 1
        found = re.search(r"name (\S+), password (\S+)", told[0])
        assert found is not None
        assert found[2] not in str(made.store.secrets(f"own-{ENV}"))
        release = Release("a" * 12, "d", "c" * 40, "", "", 0.0)
        slot = slot_id(release.id, made.stage.observe(ENV).next_number)
        made.stage.launch(ENV, release, slot, "config", {"A": Secret("1")})
        assert made.stage.probe(ENV, slot).workers == 1
        guest = {"Authorization": "Basic " + b64encode(f"{found[1]}:{found[2]}".encode()).decode()}
        wrong = {"Authorization": "Basic " + b64encode(b"guest:guest").decode()}
        forged = {"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1"}
        with _forwarded(made, slot) as port:
            for headers in ({}, wrong, forged):
                assert [_ask(port, path, headers) for path in PATHS] == [401] * len(PATHS)
            assert _ask(port, "/", guest) == 200
            assert _ask(port, "/", door.headers(ENV)) == 200
            assert 401 not in [_ask(port, path, guest) for path in PATHS]
        for _ in range(2):
            door.remove(ENV)
        assert door.residue(ENV) == ()


def test_a_public_one_has_no_secret() -> None:
    cluster.require()
    made = cluster.pieces(PROJECT, Images("", ""), (Role("web", RoleKind.WEB),), Policy(), HOST)
    place = Environment(ENV, Tier.PRODUCTION, HOST)
    with cluster.environment(made):
        door = AccessSecret(made.api, made.names, made.store, lambda _: place, print)
        door.ensure(ENV)
        assert not door.observe(ENV).there
        assert door.headers(ENV) == {}


@contextmanager
def _forwarded(made: cluster.Cluster, slot: str) -> Iterator[int]:
    pods = made.api.names(made.names.at(ENV, "pods"), {"greenroom.dev/slot": slot})
    words = ["kubectl", "-n", made.names.namespace(ENV), "port-forward", f"pod/{pods[0]}", ":8080"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as forwarding:
        assert forwarding.stdout is not None
        line = forwarding.stdout.readline()
        try:
            yield int(line.split(" -> ")[0].rpartition(":")[2])
        finally:
            forwarding.terminate()


def _ask(port: int, path: str, headers: dict[str, str]) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path, headers={"Host": HOST, "X-Forwarded-Proto": "https", **headers})
    status = connection.getresponse().status
    connection.close()
    return status
