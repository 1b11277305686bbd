"""The check of kinds that a cluster does not have by itself: the Gateway API's, cert-manager's, the monitoring's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from greenroom.domain.cluster import ClusterEdge, EdgeMode
from greenroom.domain.findings import Checked, Finding, Severity, answered
from greenroom.drivers.kubernetes.api import Json

KINDS = "kinds"
GATEWAY, CERTIFICATES, MONITORING = (
    "gateway.networking.k8s.io/v1",
    "cert-manager.io/v1",
    "monitoring.coreos.com/v1",
)


class Discovers(Protocol):
    """What asking for kinds needs of the API."""

    def get(self, path: str) -> Json | None:
        """An object; None when it is not there."""


def has_kind(api: Discovers, version: str, plural: str) -> bool:
    """Does the cluster have it? ``version`` with its group, ``plural`` as in URLs."""
    return any(kind["name"] == plural for kind in (api.get(f"/apis/{version}") or {}).get("resources") or ())


def missing_kinds(api: Discovers, edge: ClusterEdge) -> Checked:
    """What the edge asks for is a problem when it is missing; what the chart can do without is noted."""
    has_monitors = has_kind(api, MONITORING, "servicemonitors")
    note = "" if has_monitors else "no ServiceMonitor: no Prometheus operator is told of the pods"
    return answered(KINDS, tuple(_missing(api, edge)), note)


def _missing(api: Discovers, edge: ClusterEdge) -> Iterator[Finding]:
    if edge.mode is EdgeMode.GATEWAY:
        wanted = ("httproutes", *(() if edge.gateway else ("gateways",)))
        lacking = [plural for plural in wanted if not has_kind(api, GATEWAY, plural)]
        if lacking:
            yield Finding(
                KINDS,
                Severity.PROBLEM,
                f"the cluster has no {' and no '.join(lacking)} of {GATEWAY}, and the edge is a Gateway",
                "the Gateway API's kinds (CRDs) are not installed, or only in an older version",
                'install them with a controller for them; or [kubernetes.edge] mode = "ingress"',
            )
    if edge.issuer and not has_kind(api, CERTIFICATES, "clusterissuers"):
        yield Finding(
            KINDS,
            Severity.PROBLEM,
            f"the cluster has no clusterissuers of {CERTIFICATES}, and [kubernetes.edge] issuer is {edge.issuer}",
            "cert-manager is not installed: nobody makes the certificate",
            "install cert-manager; or [kubernetes.edge] tls_secret with a certificate of yours",
        )
