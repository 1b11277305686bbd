"""The pod that stands in front of a closed environment: it answers everybody with the maintenance page."""

from __future__ import annotations

import re
from collections.abc import Callable

from greenroom.domain.errors import GreenroomError
from greenroom.domain.stage import Mode
from greenroom.drivers.kubernetes.api import Api, Json
from greenroom.drivers.kubernetes.names import COLOR, INSTANCE, ROLE, Names
from greenroom.drivers.kubernetes.pods import is_ready
from greenroom.drivers.kubernetes.restricted import CONTAINER, POD
from greenroom.drivers.kubernetes.service import MAINTENANCE
from greenroom.drivers.kubernetes.slots import Slots
from greenroom.drivers.kubernetes.values import PRE_STOP_SECONDS
from greenroom.ports import Clock

READY_SECONDS = 60.0
BETWEEN_SECONDS = 0.1

ASLEEP = "asleep"
"""What stands in front of an environment that sleeps, where the edge has no good word of its own for it."""

RETRY_AFTER: dict[str, int] = {Mode.MAINTENANCE: 120, Mode.HOLD: 2, ASLEEP: 120}
"""Seconds after which a visitor's browser asks again. Nothing on a cluster can hold requests of every proxy, so a hold is
a page that comes back by itself at once."""

_REFRESH = re.compile(r'(<meta http-equiv="refresh" content=")\d+')
"""Of the maintenance page: after so many seconds it asks again."""

_ASLEEP_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Asleep</title>
<h1>This environment is asleep</h1>
<p>Somebody who may deploy it wakes it: <code>greenroom env wake {environment}</code></p>
</html>
"""

_CONF = """
pid /tmp/nginx.pid;
worker_processes 1;
error_log /dev/stderr warn;
events {{ worker_connections 512; }}
http {{
  access_log off;
  client_body_temp_path /tmp/body; proxy_temp_path /tmp/proxy; fastcgi_temp_path /tmp/fastcgi;
  uwsgi_temp_path /tmp/uwsgi; scgi_temp_path /tmp/scgi;
  default_type text/html;
  keepalive_timeout 0;
  server {{
    listen 8080;
    location / {{ add_header Retry-After {seconds} always; add_header Cache-Control no-store always; error_page 503 /.greenroom/page; return 503; }}
    location = /.greenroom/page {{ internal; alias /page/index.html; add_header Retry-After {seconds} always; add_header Cache-Control no-store always; }}
  }}
  server {{ listen 8081; location / {{ return 204; }} }}
}}
"""


class StandIn:
    """One pod of the live slot's nginx image with a page of its own; there only while it is needed."""

    def __init__(self, api: Api, names: Names, slots: Slots, clock: Clock, page: Callable[[], str]) -> None:
        self._api, self._names, self._slots, self._clock, self._page = api, names, slots, clock, page

    def ensure(self, environment: str, why: str) -> None:
        """Make it, and wait until it answers. ``why``: a mode in which the public side is closed, or ``ASLEEP``."""
        there = self._slots.all(environment)
        if not there:
            return
        name, image = self._name(environment), there[-1].snapshot["static"]
        page = self._text(environment, why)
        data = {"nginx.conf": _CONF.format(seconds=RETRY_AFTER[why]), "index.html": page}
        metadata = {"name": f"{name}-{why}", "labels": self._labels(environment)}
        config: Json = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
        self._api.apply(self._names.at(environment, "configmaps", f"{name}-{why}"), config)
        pull = [{"name": s} for s in there[-1].snapshot.get("pullSecrets", ())]
        deployment = _deployment(name, f"{name}-{why}", image, self._labels(environment), pull)
        self._api.apply(self._names.at(environment, "deployments", name), deployment)
        self._wait(environment)

    def remove(self, environment: str) -> None:
        """Remove it, or what a killed command left of it."""
        self._api.delete(self._names.at(environment, "deployments", self._name(environment)))
        for page in self._api.names(self._names.at(environment, "configmaps"), self._labels(environment)):
            self._api.delete(self._names.at(environment, "configmaps", page))

    def _text(self, environment: str, why: str) -> str:
        if why == ASLEEP:
            return _ASLEEP_PAGE.format(environment=environment)
        page = self._page()
        return _REFRESH.sub(rf"\g<1>{RETRY_AFTER[why]}", page) if why == Mode.HOLD else page

    def _wait(self, environment: str) -> None:
        until = self._clock.monotonic() + READY_SECONDS
        while True:
            pods = self._api.items(self._names.at(environment, "pods"), self._labels(environment))
            if any(is_ready(p) for p in pods):
                return
            if self._clock.monotonic() >= until:
                raise GreenroomError(
                    "no-page", "the pod of the maintenance page is not ready", "greenroom status"
                )
            self._clock.sleep(BETWEEN_SECONDS)

    def _labels(self, environment: str) -> dict[str, str]:
        return {**self._names.pod_labels(environment), COLOR: MAINTENANCE, ROLE: "web"}

    def _name(self, environment: str) -> str:
        return f"{self._names.release(environment)}-{MAINTENANCE}"


def _deployment(name: str, config: str, image: str, labels: dict[str, str], pull: list[Json]) -> Json:
    probe = {"tcpSocket": {"port": 8080}, "periodSeconds": 1}
    mounts = [
        {"name": "config", "mountPath": "/etc/nginx/nginx.conf", "subPath": "nginx.conf"},
        {"name": "config", "mountPath": "/page/index.html", "subPath": "index.html"},
        {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - in a container of its own
    ]
    container = {
        "name": "static",
        "image": image,
        "command": ["nginx", "-g", "daemon off;"],
        "ports": [{"name": "http", "containerPort": 8080}, {"name": "health", "containerPort": 8081}],
        "readinessProbe": probe,
        "lifecycle": {"preStop": {"sleep": {"seconds": PRE_STOP_SECONDS}}},
        "volumeMounts": mounts,
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
        "securityContext": CONTAINER,
    }
    pod = {
        "automountServiceAccountToken": False,
        "securityContext": POD,
        "imagePullSecrets": pull,
        "containers": [container],
        "volumes": [
            {"name": "config", "configMap": {"name": config}},
            {"name": "tmp", "emptyDir": {"medium": "Memory", "sizeLimit": "16Mi"}},
        ],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {k: labels[k] for k in (INSTANCE, COLOR, ROLE)}},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }
