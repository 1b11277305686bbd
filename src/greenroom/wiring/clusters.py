"""What is about the cluster itself, and not about one environment on it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from greenroom.domain.dns import DnsRecord, names, records
from greenroom.domain.environment import TargetKind
from greenroom.domain.errors import Exit, GreenroomError
from greenroom.drivers.charts.folder import packaged
from greenroom.drivers.kubernetes.account import account
from greenroom.drivers.kubernetes.api import Api
from greenroom.drivers.kubernetes.examining import KubernetesExaminer
from greenroom.drivers.kubernetes.helm import Helm
from greenroom.drivers.kubernetes.kubeconfig import cluster_of
from greenroom.drivers.kubernetes.leftovers import ClusterLeftovers
from greenroom.drivers.kubernetes.names import Names
from greenroom.drivers.kubernetes.naming import Naming, edge_addresses
from greenroom.wiring.project import Wiring


def account_objects(wiring: Wiring, premade: bool, doctor: bool) -> list[dict[str, Any]]:
    """What an administrator applies so that Greenroom may work for this project.

    ``premade``: for the namespaces of the environments that greenroom.toml names, which the administrator makes too. Raises
    (exit 2) when that is none.
    """
    project = wiring.project
    there = [r for r in project.rules if r.like.target is TargetKind.KUBERNETES]
    fixed = [r.name for r in there if not r.per_branch]
    if not there or (premade and not fixed):
        raise GreenroomError(
            "no-cluster-environment",
            "greenroom.toml names no environment on a cluster",
            'set target = "kubernetes" for one',
            Exit.USAGE,
        )
    return account(Names(project.name), project.cluster.edge, fixed if premade else None, doctor)


def examiner(wiring: Wiring) -> KubernetesExaminer:
    """Who looks at the project's cluster."""
    project = wiring.project
    api = Api(lambda: cluster_of(os.environ, project.cluster.context), wiring.clock, wiring.say)
    helm = Helm(api, packaged(), os.environ)
    edge = project.cluster.edge
    naming = Naming(names(project.rules), edge, lambda: edge_addresses(api.get, edge), wiring.clock)
    return KubernetesExaminer(api, Names(project.name), edge, helm.version, naming)


def leftovers(wiring: Wiring) -> ClusterLeftovers:
    """Who finds what earlier tools left there."""
    api = Api(lambda: cluster_of(os.environ, wiring.project.cluster.context), wiring.clock, wiring.say)
    return ClusterLeftovers(api, wiring.say)


def dns_records(wiring: Wiring, addresses: Sequence[str]) -> tuple[DnsRecord, ...]:
    """The records that the environments on the cluster need. ``addresses``: of the edge; none: the Gateway is asked for them.

    Raises (exit 2) when nobody says where the edge is.
    """
    cluster = wiring.project.cluster
    if not addresses:
        api = Api(lambda: cluster_of(os.environ, cluster.context), wiring.clock, wiring.say)
        addresses = edge_addresses(api.get, cluster.edge)
    if not addresses:
        raise GreenroomError(
            "no-edge-address",
            "nobody says where the cluster's edge is reached: the Gateway has no address in its status, or none is named",
            "give it: greenroom cluster dns --address 192.0.2.10",
            Exit.USAGE,
        )
    return records(names(wiring.project.rules), addresses)
