"""The tables [kubernetes], [kubernetes.edge] and [kubernetes.network]."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from greenroom.config import cluster_values, values
from greenroom.config.fields import Duration, Table, key
from greenroom.domain.cluster import ClusterEdge, ClusterNetwork, ClusterSettings, EdgeMode, SwitchMode

_CLUSTER = ClusterSettings()
_EDGE = ClusterEdge()
_NETWORK = ClusterNetwork()

Amount = Annotated[str, AfterValidator(cluster_values.amount)]
Namespace = Annotated[str, AfterValidator(cluster_values.namespace)]
Networks = list[Annotated[str, AfterValidator(values.network)]]


class ClusterEdgeTable(Table):
    """The public side of the cluster: how requests come in, and where TLS ends."""

    mode: Literal["gateway", "ingress", "none"] = key(
        str(_EDGE.mode),
        "gateway: an HTTPRoute on a Gateway that is there; ingress: an Ingress; none: somebody else's doing.",
    )
    gateway: str = key(
        "",
        "The Gateway, as namespace/name. Default: a Gateway of its own, with the certificate of tls_secret or issuer.",
        "edge/public",
    )
    section: str = key("", "Its listener for https. Empty: all of its listeners.", "websecure")
    http_section: str = key(
        "", "Its plain listener, beside that of section: what comes there is sent to https.", "web"
    )
    read_timeout: Duration = key(
        _EDGE.read_timeout,
        "How long the app may take to begin an answer, or to go on with it; then it is 503.",
    )
    ingress_class: str = key(_EDGE.ingress_class, "The class of the Ingress.")
    tls_secret: str = key(
        "", "The Secret with the certificate of an Ingress, or of a Gateway of its own.", "shop-tls"
    )
    issuer: str = key("", "The cert-manager ClusterIssuer that makes it.", "letsencrypt")
    ranges: Networks = key(
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
    auth_url: Annotated[str, AfterValidator(cluster_values.asked_url)] = key(
        _EDGE.auth_url,
        "Asked about each request to a private environment, besides names and passwords: 2xx lets it pass.",
        "http://oauth2-proxy.auth.svc:4180/oauth2/auth",
    )
    sign_in_url: Annotated[str, AfterValidator(cluster_values.sign_in_url)] = key(
        _EDGE.sign_in_url,
        "Where that one lets people sign in: a URL, or a path that it serves.",
        "/oauth2/start",
    )


class ClusterNetworkTable(Table):
    """Who may reach an environment's pods, and whom they may reach; it counts where the cluster's network holds NetworkPolicies."""

    policy: bool = key(_NETWORK.policy, "Whether there are NetworkPolicies at all.")
    edge_namespaces: list[Namespace] = key(
        [], "Where the edge's pods are: only they reach the app's port. Default: anybody may.", ["traefik"]
    )
    monitoring_namespaces: list[Namespace] = key(
        [],
        "Where Prometheus is: only it reaches the port with the metrics."
        " Default: all namespaces where the cluster has ServiceMonitors, else nobody.",
        ["monitoring"],
    )
    control_plane: Networks = key(
        list(_NETWORK.control_plane),
        "Addresses of nodes and API servers: only they reach the port of the probes, which has no door.",
    )
    egress: list[dict[str, Any]] = key(
        [],
        "What pods may reach besides DNS and each other, as rules of a NetworkPolicy; the database, the bucket and whatever else"
        " the app uses. Default: anything.",
        [{"to": [{"ipBlock": {"cidr": "192.0.2.0/24"}}], "ports": [{"port": 5432}]}],
        max_length=100,
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
    requests: dict[str, Amount] = Field(
        default_factory=dict,
        description='What each container of the app asks for: cpu = "250m", memory = "256Mi". Default: cpu = "100m", memory = "256Mi".',
    )
    limits: dict[str, Amount] = Field(
        default_factory=dict,
        description='What it may take at most, likewise. Default: memory = "1Gi", or what it asks for when that is more.',
    )
    quota: dict[str, Amount] = Field(
        default_factory=dict,
        description="What the namespace of a review environment may hold at most, as a ResourceQuota names it."
        " Default: what two slots, workers, jobs and a database of this size take, and some room.",
    )
    edge: ClusterEdgeTable = Field(default_factory=ClusterEdgeTable, description="See [kubernetes.edge].")
    network: ClusterNetworkTable = Field(
        default_factory=ClusterNetworkTable, description="See [kubernetes.network]."
    )


def settings(table: ClusterTable) -> ClusterSettings:
    """What the domain knows of it."""
    edge = table.edge.model_dump()
    edge |= {"mode": EdgeMode(table.edge.mode), "ranges": tuple(table.edge.ranges)}
    network: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in table.network.model_dump().items()
    }
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
        network=ClusterNetwork(**network),
        quota=table.quota,
    )
