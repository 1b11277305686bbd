"""The tables [kubernetes] and [kubernetes.edge]."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from greenroom.config import values
from greenroom.config.fields import Duration, Table, key
from greenroom.domain.cluster import ClusterEdge, ClusterSettings, EdgeMode, SwitchMode

_CLUSTER = ClusterSettings()
_EDGE = ClusterEdge()


class ClusterEdgeTable(Table):
    """The public side of the cluster: how requests come in, and where TLS ends."""

    mode: Literal["gateway", "ingress", "none"] = key(
        str(_EDGE.mode),
        "gateway: an HTTPRoute on a Gateway that is there; ingress: an Ingress; none: somebody else's doing.",
    )
    gateway: str = key("", "The Gateway, as namespace/name.", "edge/public")
    section: str = key("", "Its listener for https. Empty: all of its listeners.", "websecure")
    ingress_class: str = key(_EDGE.ingress_class, "The class of the Ingress.")
    tls_secret: str = key("", "The Secret with the certificate of an Ingress.", "shop-tls")
    issuer: str = key("", "The cert-manager ClusterIssuer that makes it.", "letsencrypt")
    ranges: list[Annotated[str, AfterValidator(values.network)]] = key(
        [],
        "Addresses of the edge's own pods; only their word on a visitor's address is taken.",
        ["10.244.0.0/16"],
    )
    address: str | None = key(
        None, "Where this machine reaches the edge, when the host's name does not lead there.", "192.0.2.10"
    )
    port: int = key(_EDGE.port, "Its port for https.", ge=1, le=65535)
    ca_file: str | None = key(
        None, "Certificates (PEM) to trust at the edge besides the usual ones.", "/etc/ssl/company.pem"
    )

    annotations: dict[str, str] = Field(
        default_factory=dict,
        description="Annotations of the HTTPRoute or Ingress, such as those of external-dns, by name.",
    )
    auth_url: str = key(
        _EDGE.auth_url,
        "Asked about each request to a private environment, besides names and passwords: 2xx lets it pass.",
        "http://oauth2-proxy.auth.svc:4180/oauth2/auth",
    )
    sign_in_url: str = key(
        _EDGE.sign_in_url,
        "Where that one lets people sign in: a URL, or a path that it serves.",
        "/oauth2/start",
    )


class ClusterTable(Table):
    """The cluster of environments with target = "kubernetes"."""

    context: str | None = key(None, "The kubeconfig's context. Default: its current one.", "production")
    replicas: int = key(
        _CLUSTER.replicas, "Pods that serve where the strategy is blue-green; one elsewhere.", ge=1, le=100
    )
    max_replicas: int | None = key(
        None,
        "With more than replicas, a HorizontalPodAutoscaler decides between the two; it needs metrics-server.",
        6,
        ge=1,
        le=100,
    )
    cpu_percent: int = key(
        _CLUSTER.cpu_percent, "Percent of the CPU asked for that it aims at.", ge=1, le=100
    )
    switch: Literal["selector", "overlap", "route"] = key(
        str(_CLUSTER.switch),
        "What is changed at a switch: the live Service's selector, at once or with a time in which it covers both slots;"
        " or the weights of the HTTPRoute.",
    )
    overlap: Duration = key(
        _CLUSTER.overlap,
        "How long a switch of that mode covers both slots: longer than a load balancer takes to learn of new pods.",
    )
    pull_secret: str | None = key(None, "The Secret by which nodes may pull images.", "registry")
    database_image: Annotated[str, AfterValidator(values.image_reference)] = key(
        _CLUSTER.database_image,
        'PostgreSQL: the server of database = "chart", and psql for "shared"; of a major no older than the server\'s.',
    )
    requests: dict[str, str] = Field(
        default_factory=dict, description='What each web pod asks for: cpu = "250m", memory = "256Mi".'
    )
    limits: dict[str, str] = Field(default_factory=dict, description="What it may take at most, likewise.")
    edge: ClusterEdgeTable = Field(default_factory=ClusterEdgeTable, description="See [kubernetes.edge].")


def settings(table: ClusterTable) -> ClusterSettings:
    """What the domain knows of it."""
    edge = table.edge.model_dump()
    edge |= {"mode": EdgeMode(table.edge.mode), "ranges": tuple(table.edge.ranges)}
    return ClusterSettings(
        context=table.context,
        replicas=table.replicas,
        max_replicas=table.max_replicas,
        cpu_percent=table.cpu_percent,
        switch=SwitchMode(table.switch),
        overlap=table.overlap,
        edge=ClusterEdge(**edge),
        pull_secret=table.pull_secret,
        database_image=table.database_image,
        requests=table.requests,
        limits=table.limits,
    )
