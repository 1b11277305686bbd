"""What the project's file says of its Kubernetes cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class EdgeMode(StrEnum):
    """How the public comes in: an HTTPRoute on a Gateway that is there, an Ingress, or by somebody else's doing."""

    GATEWAY = "gateway"
    INGRESS = "ingress"
    NONE = "none"


class SwitchMode(StrEnum):
    """What is changed to let the public reach another slot: the live Service's selector at once; the selector with a
    time in which it covers both; or the weights of an HTTPRoute."""

    SELECTOR = "selector"
    OVERLAP = "overlap"
    ROUTE = "route"


@dataclass(frozen=True, slots=True)
class ClusterEdge:
    """The cluster's public side. ``gateway`` is ``[namespace/]name``, ``section`` its listener for https and ``http_section`` the plain one,
    which gets a redirect; ``read_timeout``: seconds that the app may take to begin or go on with an answer; ``address`` and ``port``: where
    the edge is reached from here, when its names do not lead there; ``ca_file``: who signed its certificate, if that is
    nobody the machine knows; ``ranges``: addresses of the edge's own, whose word on a visitor's address is taken;
    ``annotations`` of the objects that lead in; ``auth_url`` and ``sign_in_url``: a sign-in such as oauth2-proxy, asked about each
    request to a private environment, and where it sends people.
    """

    mode: EdgeMode = EdgeMode.GATEWAY
    gateway: str = ""
    section: str = ""
    http_section: str = ""
    read_timeout: float = 60.0
    ingress_class: str = "traefik"
    tls_secret: str = ""
    issuer: str = ""
    ranges: tuple[str, ...] = ()
    address: str | None = None
    port: int = 443
    ca_file: str | None = None
    annotations: Mapping[str, str] = field(default_factory=dict)
    auth_url: str = ""
    sign_in_url: str = ""


@dataclass(frozen=True, slots=True)
class ClusterNetwork:
    """Who may reach an environment's pods, where the cluster's network holds policies (``policy`` False: there are none).

    ``edge_namespaces`` where the edge's pods are, ``monitoring_namespaces`` where Prometheus is (empty: any); ``control_plane``: addresses
    that the kubelet and the API server come from; ``egress``: rules as Kubernetes writes them, for what pods may reach besides
    DNS and each other (empty: anything).
    """

    policy: bool = True
    edge_namespaces: tuple[str, ...] = ()
    monitoring_namespaces: tuple[str, ...] = ()
    control_plane: tuple[str, ...] = ("0.0.0.0/0",)
    egress: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class ClusterSettings:
    """``context`` of the kubeconfig (None: its current one); ``replicas``: pods that serve where the strategy is blue-green,
    one elsewhere; with ``max_replicas`` above it the autoscaler decides between the two, aiming at ``cpu_percent`` of the
    CPU that pods ask for; ``requests`` and ``limits`` of each, in Kubernetes' notation; ``pull_secret`` of the registry; ``overlap``: seconds in which a switch of that
    mode covers both slots; ``database_image``: PostgreSQL, as server of an environment's own and as client of a shared one; ``quota``: what a review
    environment's namespace may hold, in place of the figures that Greenroom makes from its size."""

    context: str | None = None
    replicas: int = 2
    max_replicas: int | None = None
    cpu_percent: int = 70
    switch: SwitchMode = SwitchMode.SELECTOR
    overlap: float = 10.0
    edge: ClusterEdge = field(default_factory=ClusterEdge)
    pull_secret: str | None = None
    database_image: str = "docker.io/library/postgres:18"
    requests: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, str] = field(default_factory=dict)
    network: ClusterNetwork = field(default_factory=ClusterNetwork)
    quota: Mapping[str, str] = field(default_factory=dict)
