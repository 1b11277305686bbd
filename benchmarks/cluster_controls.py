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
MIX = Mix(("/", "/search?q=lamp"), "/slow", "/api/echo", (), CLIENTS, slow_s=1.0)
PLACES = {"tmp": "/tmp", "prometheus": "/run/prometheus", "run": "/run/greenroom"}
"""Where the app's container may write, or looks for others."""

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
                seen[name].append(under_load(address, deploy))
                say(f"controls: {name}: {seen[name][-1].lost} lost of {seen[name][-1].requests}")
    finally:
        control.remove()
    return {name: _told(tallies) for name, tallies in seen.items()}


def under_load(address: Address, deploy: Callable[[], None]) -> Tally:
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


class Beside:
    """The shop's app container in a namespace of its own, behind the same edge as ``name``.<host>; a base to deploy it otherwise."""

    def __init__(self, shop: ClusterShop, name: str) -> None:
        self.namespace, self._name, self._host = f"{shop.name}-{name}", name, f"{name}.{stand.HOST}"
        self.address = Address(self._host, shop.edge.secure, shop.edge.ca)
        stand.kubectl("create", "namespace", self.namespace)
        chosen = ("-l", "greenroom.dev/role=web", "-o", "json")
        found = json.loads(stand.kubectl("-n", shop.namespace, "get", "deployments", *chosen))["items"][0]
        self._web: Json = next(
            c for c in found["spec"]["template"]["spec"]["containers"] if c["name"] == "web"
        )
        for source in self._web.get("envFrom", ()):
            secret = source["secretRef"]["name"]
            kept = json.loads(stand.kubectl("-n", shop.namespace, "get", "secret", secret, "-o", "json"))
            kept["metadata"] = {"name": secret, "namespace": self.namespace}
            stand.kubectl("apply", "-f", "-", text=json.dumps(kept))

    def remove(self) -> None:
        """All of it."""
        stand.kubectl("delete", "namespace", self.namespace, "--wait=false")

    def kubectl(self, *words: str) -> str:
        """kubectl in the namespace."""
        return stand.kubectl("-n", self.namespace, *words)

    def apply(self, body: Json) -> None:
        """Make an object be like this."""
        stand.kubectl("-n", self.namespace, "apply", "-f", "-", text=json.dumps(body))

    def pods(self, labels: Json) -> Json:
        """The template of pods."""
        taken = ("image", "env", "envFrom", "resources", "securityContext")
        container = {k: v for k, v in self._web.items() if k in taken} | {
            "name": "web",
            "args": _open(self._web),
            "ports": [{"containerPort": 8000}],
            "readinessProbe": {"httpGet": {"path": "/readyz", "port": 8000}, "periodSeconds": 1},
            "volumeMounts": [{"name": name, "mountPath": place} for name, place in PLACES.items()],
        }
        spec = {"containers": [container], "volumes": [{"name": name, "emptyDir": {}} for name in PLACES]}
        return {"metadata": {"labels": labels}, "spec": spec}

    def service(self, name: str, selector: Json) -> Json:
        """A Service on port 80."""
        ports = [{"port": 80, "targetPort": 8000}]
        spec = {"selector": selector, "ports": ports}
        return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}

    def route(self, service: str) -> Json:
        """What leads the edge to it."""
        parent = {"name": "edge", "namespace": stand.NAMESPACE, "sectionName": "https"}
        rules = [{"backendRefs": [{"name": service, "port": 80}]}]
        return {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "HTTPRoute",
            "metadata": {"name": self._name},
            "spec": {"parentRefs": [parent], "hostnames": [self._host], "rules": rules},
        }


class Control(Beside):
    """Two plain Deployments and one Service, whose selector leads to the first."""

    def __init__(self, shop: ClusterShop) -> None:
        super().__init__(shop, "control")
        self._number = 0
        for name, replicas in (("one", 2), ("two", 0)):
            self.apply(self._deployment(name, replicas))
        self._lead("one")
        self.apply(self.route("control"))
        self._wait("one")
        time.sleep(3.0)

    def roll(self) -> None:
        """``kubectl set env``, and wait: a rolling update that ends a pod as soon as another is ready."""
        self._number += 1
        self.kubectl("set", "env", "deployment/one", f"ROUND={self._number}")
        self._wait("one")

    def switch_early(self) -> None:
        """Start the other Deployment, and let the Service lead to it at once; then the same back."""
        self.kubectl("scale", "deployment/two", "--replicas=2")
        self._lead("two")
        self._wait("two")
        time.sleep(1.0)
        self._lead("one")
        self.kubectl("scale", "deployment/two", "--replicas=0")

    def _lead(self, name: str) -> None:
        self.apply(self.service("control", {"app": name}))

    def _wait(self, name: str) -> None:
        self.kubectl("rollout", "status", f"deployment/{name}", "--timeout=180s")

    def _deployment(self, name: str, replicas: int) -> Json:
        labels = {"app": name}
        spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": self.pods(labels)}
        return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def _open(web: Json) -> list[str]:
    """Its command, on an address that the Service reaches: without nginx beside it."""
    words = [*web.get("command", ()), *web.get("args", ())]
    return [word.replace("127.0.0.1:8000", "0.0.0.0:8000") for word in words]
