"""What is about the cluster itself, and not about one environment on it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from greenroom.domain.dns import DnsRecord, names, records
from greenroom.domain.environment import DatabaseKind, TargetKind
from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.rules import Rule
from greenroom.drivers.charts.folder import packaged
from greenroom.drivers.kubernetes.account import account
from greenroom.drivers.kubernetes.api import Api
from greenroom.drivers.kubernetes.caretaker import caretaker
from greenroom.drivers.kubernetes.examining import KubernetesExaminer
from greenroom.drivers.kubernetes.helm import Helm
from greenroom.drivers.kubernetes.kubeconfig import cluster_of
from greenroom.drivers.kubernetes.leftovers import ClusterLeftovers
from greenroom.drivers.kubernetes.names import Names
from greenroom.drivers.kubernetes.naming import Naming, edge_addresses
from greenroom.wiring.project import FILE, Wiring


def account_objects(wiring: Wiring, premade: bool, doctor: bool) -> list[dict[str, Any]]:
    """What an administrator applies so that Greenroom may work for this project.

    ``premade``: for the namespaces of the environments that greenroom.toml names, which the administrator makes too. Raises
    (exit 2) when that is none.
    """
    project, there = wiring.project, _on_cluster(wiring)
    fixed = [r.name for r in there if not r.per_branch]
    if premade and not fixed:
        raise _none_there()
    return account(Names(project.name), project.cluster.edge, fixed if premade else None, doctor)


def _on_cluster(wiring: Wiring) -> list[Rule]:
    """The rules of the project's environments there. Raises (exit 2) when there is none."""
    found = [r for r in wiring.project.rules if r.like.target is TargetKind.KUBERNETES]
    if not found:
        raise _none_there()
    return found


def _none_there() -> GreenroomError:
    told, hint = "greenroom.toml names no environment on a cluster", 'set target = "kubernetes" for one'
    return GreenroomError("no-cluster-environment", told, hint, Exit.USAGE)


def due_objects(wiring: Wiring, image: str, schedule: str) -> list[dict[str, Any]]:
    """What an administrator applies so that due work is done in the cluster itself. Raises (exit 2) on a wrong schedule, and
    when no environment is on a cluster."""
    from greenroom.config.cron import schedule as checked

    try:
        when = checked(schedule)
    except ValueError as error:
        raise GreenroomError("usage", f"the schedule {error}", 'such as "*/5 * * * *"', Exit.USAGE) from error
    _on_cluster(wiring)
    project = wiring.project
    toml = (wiring.folder / FILE).read_text(encoding="utf-8")
    return caretaker(Names(project.name), toml, image, when, project.cluster.pull_secret)


def examiner(wiring: Wiring) -> KubernetesExaminer:
    """Who looks at the project's cluster."""
    project = wiring.project
    api = Api(lambda: cluster_of(os.environ, project.cluster.context), wiring.clock, wiring.say)
    helm = Helm(api, packaged(), os.environ)
    edge = project.cluster.edge
    naming = Naming(names(project.rules), edge, lambda: edge_addresses(api.get, edge), wiring.clock)
    own = any(
        r.like.database is DatabaseKind.CHART and r.like.target is TargetKind.KUBERNETES
        for r in project.rules
    )
    return KubernetesExaminer(api, Names(project.name), edge, helm.version, naming, own)


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
