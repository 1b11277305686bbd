"""How large an environment is on its cluster, what its namespace may hold, and the shape of its slots."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.domain.environment import Strategy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from greenroom.drivers.kubernetes.size import Size
    from greenroom.wiring.project import Wiring


def replicas_of(wiring: Wiring) -> int:
    """Pods of a slot."""
    return 1 if wiring.place.strategy is Strategy.SIMPLE else wiring.project.cluster.replicas


def most_replicas_of(wiring: Wiring) -> int:
    """Pods that an autoscaler may give a slot; where there is none, those that it has."""
    fewest = replicas_of(wiring)
    simple = wiring.place.strategy is Strategy.SIMPLE
    return fewest if simple else max(wiring.project.cluster.max_replicas or 0, fewest)


def size_of(wiring: Wiring) -> Size:
    """What a slot consists of."""
    from greenroom.drivers.kubernetes.size import Size

    project, cluster = wiring.project, wiring.project.cluster
    return Size(
        project.app,
        wiring.roles,
        wiring.policy,
        replicas_of(wiring),
        cluster.requests,
        cluster.limits,
        most_replicas_of(wiring),
        cluster.cpu_percent,
        project.edge.max_body,
        cluster.edge.read_timeout,
    )


def quota_for(wiring: Wiring) -> Mapping[str, str]:
    """What the environment's namespace may hold at most, if there is such a thing."""
    from greenroom.drivers.kubernetes.quota import quota_of

    return quota_of(wiring.place, size_of(wiring), wiring.project.cluster.quota)


def shape_of(wiring: Wiring) -> str:
    """The shape of a slot that is launched now; see :func:`greenroom.drivers.kubernetes.values.shape`."""
    from greenroom.drivers.kubernetes.values import shape

    project = wiring.project
    return shape(project.name, wiring.place, project.cluster, size_of(wiring))
