"""A command at a terminal: the pod is made in the cluster of the settings, and kubectl is told which that is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from small_server import Server, serving_at

from greenroom.domain.cluster import ClusterSettings
from greenroom.domain.environment import Environment, Tier
from greenroom.domain.project import App
from greenroom.domain.release import Release
from greenroom.drivers.kubernetes.api import Api
from greenroom.drivers.kubernetes.database_server import DatabaseServer
from greenroom.drivers.kubernetes.helm import Helm
from greenroom.drivers.kubernetes.jobs import KubernetesJobs
from greenroom.drivers.kubernetes.names import Names
from greenroom.drivers.kubernetes.pods import Pods
from greenroom.drivers.kubernetes.reaching import Cluster
from greenroom.drivers.kubernetes.release import HelmRelease
from greenroom.drivers.kubernetes.service import LiveService
from greenroom.drivers.kubernetes.slots import Slots
from greenroom.drivers.kubernetes.store import Store
from greenroom.drivers.kubernetes.values import Images
from greenroom.drivers.system.clock import SystemClock

ENDED = {"phase": "Succeeded", "containerStatuses": [{"state": {"terminated": {"exitCode": 3}}}]}


class Ending(Server):
    """Every pod that is made has ended at once, with exit 3; nothing else is there."""

    def answer(self, method: str, target: str, body: dict[str, Any] | None) -> tuple[int, dict[str, Any]]:
        if method == "GET" and "/pods?" in target:
            return 200, {"items": [{"metadata": {"name": "run-1-x"}, "status": ENDED}]}
        return (404, {}) if method == "GET" else (200, body or {})


@pytest.mark.parametrize(("context", "words"), [("west", ["--context", "west"]), (None, [])])
def test_kubectl_attaches_to_the_cluster_of_the_settings(
    tmp_path: Path, context: str | None, words: list[str]
) -> None:
    program = tmp_path / "kubectl"
    program.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" >{tmp_path}/said\n")
    program.chmod(0o755)
    place = Environment("fb-1", Tier.REVIEW, "fb-1.shop.example")
    with serving_at(Ending("v1.36.0", [])) as port:
        clock = SystemClock()
        api = Api(lambda: Cluster("127.0.0.1", port, None, {}), clock, print)
        names = Names("shop")
        helm = Helm(api, tmp_path, {})
        database = DatabaseServer(api, names, Pods(api, names), clock)
        slots, live = Slots(Store(api, names)), LiveService(api, names)
        release = HelmRelease(api, names, helm, slots, live, database, ClusterSettings(), lambda _: place)
        environ = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
        app, images = App("wsgi:app"), Images("app@sha256:1", "static@sha256:2")
        jobs = KubernetesJobs(api, names, release, clock, app, lambda _: images, environ, context)
        code = jobs.foreground("fb-1", Release("abc", "abc", "", "", "", 0.0), ["flask"], {})
        api.close()
    said = (tmp_path / "said").read_text().split()
    assert said[: len(words) + 4] == [*words, "attach", "-itq", "-n", "shop-fb-1"], json.dumps(said)
    assert code == 3
