"""How large a slot is on a cluster: its roles, how many pods serve, what each container asks for and may take."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from greenroom.domain.policy import Policy
from greenroom.domain.project import App, Edge
from greenroom.domain.quantity import quantity
from greenroom.domain.roles import Role, RoleKind, background_of, web_of

Json = dict[str, Any]

REQUESTS = {"cpu": "100m", "memory": "256Mi"}
"""What a container of the app asks for where the project's file does not say."""

LIMITS = {"memory": "1Gi"}
"""What it may take at most, likewise."""


@dataclass(frozen=True, slots=True)
class Size:
    """What a slot consists of here. ``max_body`` in bytes, ``read_timeout`` in seconds: what nginx takes in, and waits for."""

    app: App
    roles: tuple[Role, ...]
    policy: Policy
    replicas: int
    requests: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, str] = field(default_factory=dict)
    max_replicas: int = 0
    cpu_percent: int = 70
    max_body: int = Edge().max_body
    read_timeout: float = 60.0

    @property
    def autoscale(self) -> Json:
        """As the chart takes it; empty where the number of pods is fixed."""
        if self.max_replicas <= self.replicas:
            return {}
        told = {"enabled": True, "min": self.replicas, "max": self.max_replicas, "cpu": self.cpu_percent}
        return {"autoscale": told}

    @property
    def web(self) -> Role:
        """The one web role."""
        return web_of(self.roles)

    @property
    def background(self) -> tuple[Role, ...]:
        """Workers and cron roles."""
        return background_of(self.roles)

    @property
    def resources(self) -> Json:
        """As the chart takes them. Greenroom's own figures give way to those that were set: no limit is below its request."""
        limits = {**LIMITS, **self.limits}
        for name, asked in self.requests.items():
            if name in limits and name not in self.limits:
                limits[name] = max(limits[name], asked, key=quantity)
        requests = {**REQUESTS, **self.requests}
        for name, most in limits.items():
            if name in requests:
                requests[name] = min(requests[name], most, key=quantity)
        return {"requests": requests, "limits": limits}


def copies(role: Role) -> int:
    """How many pods of a worker or cron role there are at once."""
    return 1 if role.singleton or role.kind is RoleKind.CRON else role.processes


def seconds(duration: float) -> int:
    """Whole ones, at least one: Kubernetes knows no less."""
    return max(1, math.ceil(duration))
