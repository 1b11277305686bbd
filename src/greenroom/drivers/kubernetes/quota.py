"""What the namespace of a review environment may hold, and what its containers get that say nothing of themselves."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from greenroom.domain.environment import DatabaseKind, Environment, Tier
from greenroom.domain.quantity import mebibytes, quantity
from greenroom.drivers.kubernetes.size import Size, copies

Json = dict[str, Any]

SLOTS = 3
"""Two, and the one before: its pods have been told to end, and still answer what they have accepted."""

JOBS = 3
"""A migration, a command of a person's, and one of Greenroom's own."""

NGINX, JOB, PAGE, DATABASE = (quantity(text) for text in ("128Mi", "512Mi", "64Mi", "512Mi"))
"""The limits of memory of what stands beside the app."""

LIMIT_RANGE: Json = {
    "type": "Container",
    "defaultRequest": {"cpu": "50m", "memory": "64Mi"},
    "default": {"memory": "512Mi"},
}
"""For containers that somebody else brings in: a quota refuses those that say nothing."""


def quota_of(place: Environment, size: Size, given: Mapping[str, str]) -> dict[str, str]:
    """What a review environment's namespace may hold at most; nothing is set for the others. ``given`` wins over what is made
    from the size."""
    if place.tier is not Tier.REVIEW:
        return {}
    web = SLOTS * max(size.replicas, size.max_replicas)
    background = 2 * sum(copies(role) for role in size.background)
    databases = 1 if place.database is DatabaseKind.CHART else 0
    each = quantity(size.resources["limits"]["memory"])
    memory: Decimal = web * (each + NGINX) + background * each + JOBS * JOB + PAGE + databases * DATABASE
    made = {
        "pods": str(web + background + JOBS + 1 + databases),
        "limits.memory": mebibytes(memory),
        "persistentvolumeclaims": "2",
        "requests.storage": "5Gi",
        "services.loadbalancers": "0",
        "services.nodeports": "0",
    }
    return {**made, **given}
