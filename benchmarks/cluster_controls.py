"""What loses requests: the same images behind the same edge, deployed as many do it."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import cluster_stand as stand
from cluster_shop import ClusterShop

from benchmarks.losses import AFTER_S, BEFORE_S, CLIENTS, TIMEOUT_S
from greenroom.domain.tally import Tally
from greenroom.drivers.load import Address, Load, Mix

RATE = 60.0
HOST = f"control.{stand.HOST}"
MIX = Mix(("/", "/search?q=lamp"), "/slow", "/api/echo", (), CLIENTS, slow_s=1.0)
Json = dict[str, Any]


def measure(shop: ClusterShop, deploys: int, say: Callable[[str], None]) -> Json:
    """``deploys`` of each way, under the same load."""
    control = Control(shop)
    ways: dict[str, tuple[Address, Callable[[], None]]] = {
        "greenroom deploy": (shop.address, lambda: shop.json("restart", "--no-watch", timeout=600)),
        "RollingUpdate, no preStop": (control.address, control.roll),
        "switch before ready": (control.address, control.switch_early),
    }
    seen: dict[str, list[Tally]] = {name: [] for name in ways}
    try:
        for _ in range(deploys):
            for name, (address, deploy) in ways.items():
                seen[name].append(_under_load(address, deploy))
                say(f"controls: {name}: {seen[name][-1].lost} lost of {seen[name][-1].requests}")
    finally:
        control.remove()
    return {name: _told(tallies) for name, tallies in seen.items()}


def _under_load(address: Address, deploy: Callable[[], None]) -> Tally:
    load = Load(address, MIX, RATE, timeout_s=TIMEOUT_S)
    load.start()
    try:
        time.sleep(BEFORE_S)
        deploy()
        time.sleep(AFTER_S)
    finally:
        tally = load.stop()
    return tally


def _told(tallies: list[Tally]) -> Json:
    causes = Counter(f"{loss.cause} {loss.status or ''}".strip() for t in tallies for loss in t.losses)
    return {
        "deploys": len(tallies),
        "requests": sum(t.requests for t in tallies),
        "lost": sum(t.lost for t in tallies),
        "lost_per_deploy": [t.lost for t in tallies],
        "causes": dict(causes.most_common()),
    }


class Control:
    """Two plain Deployments of the app's image and one Service, whose selector leads to the first."""

    def __init__(self, shop: ClusterShop) -> None:
        self._namespace = f"{shop.name}-control"
        self.address = Address(HOST, shop.edge.secure, shop.edge.ca)
        stand.kubectl("create", "namespace", self._namespace)
        values = json.loads(
            stand.kubectl(
                "-n", shop.namespace, "get", "deployments", "-l", "greenroom.dev/role=web", "-o", "json"
            )
        )["items"][0]["spec"]["template"]["spec"]
        self._web = next(c for c in values["containers"] if c["name"] == "web")
        for source in self._web.get("envFrom", ()):
            name = source["secretRef"]["name"]
            found = json.loads(stand.kubectl("-n", shop.namespace, "get", "secret", name, "-o", "json"))
            found["metadata"] = {"name": name, "namespace": self._namespace}
            stand.kubectl("apply", "-f", "-", text=json.dumps(found))
        self._number = 0
        for name, replicas in (("one", 2), ("two", 0)):
            self._apply(self._deployment(name, replicas))
        self._apply(self._service("one"))
        self._apply(self._route())
        self._wait("one")
        time.sleep(3.0)

    def roll(self) -> None:
        """``kubectl set env``, and wait: a rolling update that ends a pod as soon as another is ready."""
        self._number += 1
        self._kubectl("set", "env", "deployment/one", f"ROUND={self._number}")
        self._wait("one")

    def switch_early(self) -> None:
        """Start the other Deployment, and let the Service lead to it at once; then the same back."""
        self._kubectl("scale", "deployment/two", "--replicas=2")
        self._apply(self._service("two"))
        self._wait("two")
        time.sleep(1.0)
        self._apply(self._service("one"))
        self._kubectl("scale", "deployment/two", "--replicas=0")

    def remove(self) -> None:
        """All of it."""
        stand.kubectl("delete", "namespace", self._namespace, "--wait=false")

    def _wait(self, name: str) -> None:
        self._kubectl("rollout", "status", f"deployment/{name}", "--timeout=180s")

    def _kubectl(self, *words: str) -> None:
        stand.kubectl("-n", self._namespace, *words)

    def _apply(self, body: Json) -> None:
        stand.kubectl("-n", self._namespace, "apply", "-f", "-", text=json.dumps(body))

    def _deployment(self, name: str, replicas: int) -> Json:
        labels = {"app": name}
        taken = ("image", "env", "envFrom", "resources", "securityContext")
        container = {k: v for k, v in self._web.items() if k in taken} | {
            "name": "web",
            "args": _open(self._web),
            "ports": [{"containerPort": 8000}],
            "readinessProbe": {"httpGet": {"path": "/readyz", "port": 8000}, "periodSeconds": 1},
            "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
        }
        pod = {"containers": [container], "volumes": [{"name": "tmp", "emptyDir": {}}]}
        return {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name},
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": pod},
            },
        }

    def _service(self, name: str) -> Json:
        ports = [{"port": 80, "targetPort": 8000}]
        return {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "control"},
            "spec": {"selector": {"app": name}, "ports": ports},
        }

    def _route(self) -> Json:
        parent = {"name": "edge", "namespace": stand.NAMESPACE, "sectionName": "https"}
        backend = {"name": "control", "port": 80}
        return {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "HTTPRoute",
            "metadata": {"name": "control"},
            "spec": {"parentRefs": [parent], "hostnames": [HOST], "rules": [{"backendRefs": [backend]}]},
        }


def _open(web: Json) -> list[str]:
    """Its command, on an address that the Service reaches: without nginx beside it."""
    words = [*web.get("command", ()), *web.get("args", ())]
    return [word.replace("127.0.0.1:8000", "0.0.0.0:8000") for word in words]
