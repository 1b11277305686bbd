"""What everything is called on a cluster, and the labels by which it is found again."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

LONGEST = 53
"""Characters of the name of a Helm release."""

PREFIX = "greenroom.dev/"
PROJECT, ENVIRONMENT, COLOR = f"{PREFIX}project", f"{PREFIX}environment", f"{PREFIX}color"
SLOT, RELEASE, ROLE = f"{PREFIX}slot", f"{PREFIX}release", f"{PREFIX}role"
INSTANCE = "app.kubernetes.io/instance"
BLUE, GREEN = "blue", "green"
COLORS = (BLUE, GREEN)
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}
"""The label of a namespace whose pods must not be able to reach their node."""

NOBODY = "none"
"""The colour of no slot: a Service that selects it reaches nobody."""


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one project's things. Its state lies in ``control``, a namespace that no environment's end removes."""

    project: str

    @property
    def control(self) -> str:
        """The control namespace."""
        return _short(f"greenroom-{self.project}")

    def release(self, environment: str) -> str:
        """An environment's Helm release, its live Service, and what its other objects' names begin with."""
        return _short(f"{self.project}-{environment}")

    def namespace(self, environment: str) -> str:
        """An environment's own namespace."""
        return self.release(environment)

    def labels(self, environment: str | None = None) -> dict[str, str]:
        """Of everything that belongs to the project, or to one of its environments."""
        mine = {"app.kubernetes.io/managed-by": "greenroom", PROJECT: self.project}
        return mine if environment is None else {**mine, ENVIRONMENT: environment}

    def pod_labels(self, environment: str) -> dict[str, str]:
        """Of an environment's pods: by the last one of them the chart's NetworkPolicies know who belongs to it."""
        return {**self.labels(environment), INSTANCE: self.release(environment)}

    def own(self, kind: str, name: str = "") -> str:
        """The path of a kind in the control namespace, or of one object of it."""
        return path(kind, self.control, name)

    def at(self, environment: str, kind: str, name: str = "") -> str:
        """The same in an environment's namespace."""
        return path(kind, self.namespace(environment), name)


_GROUPS = {
    "deployments": "apis/apps/v1",
    "replicasets": "apis/apps/v1",
    "statefulsets": "apis/apps/v1",
    "httproutes": "apis/gateway.networking.k8s.io/v1",
    "jobs": "apis/batch/v1",
    "cronjobs": "apis/batch/v1",
    "horizontalpodautoscalers": "apis/autoscaling/v2",
    "poddisruptionbudgets": "apis/policy/v1",
    "leases": "apis/coordination.k8s.io/v1",
}


def path(kind: str, namespace: str, name: str = "") -> str:
    """Where the API keeps a kind of a namespace, or one object of it; kinds are written as in URLs."""
    whole = f"/{_GROUPS.get(kind, 'api/v1')}/namespaces/{namespace}/{kind}"
    return f"{whole}/{name}" if name else whole


def _short(name: str) -> str:
    """At most as long as a Helm release may be called; the end of a longer one is a digest of it."""
    if len(name) <= LONGEST:
        return name
    return f"{name[: LONGEST - 9].rstrip('-')}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
