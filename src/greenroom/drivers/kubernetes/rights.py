"""The rights that Greenroom needs on a cluster, and no other: each for a request that it, or Helm on its behalf, makes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from greenroom.domain.cluster import ClusterEdge, EdgeMode
from greenroom.drivers.kubernetes.names import Names

Json = dict[str, Any]

HELM = ("create", "delete", "get", "patch")
"""What Helm does with a kind of the chart: it looks whether the object is there, makes or changes it, and removes it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Verbs on one resource of one group of the API (an empty one: the core); ``names``: of these objects alone."""

    group: str
    resource: str
    verbs: tuple[str, ...]
    names: tuple[str, ...] = ()

    def body(self) -> Json:
        """As RBAC writes it."""
        body: Json = {"apiGroups": [self.group], "resources": [self.resource], "verbs": list(self.verbs)}
        return {**body, "resourceNames": list(self.names)} if self.names else body


CONTROL = (
    Rule("", "configmaps", ("create", "delete", "get", "list", "patch", "update")),
    Rule("", "secrets", ("create", "delete", "get", "list", "patch", "update")),
    Rule("coordination.k8s.io", "leases", ("create", "delete", "get", "update")),
    Rule("batch", "jobs", ("create", "delete", "get", "list", "patch")),
    Rule("", "events", ("list",)),
    Rule("", "pods", ("list",)),
    Rule("", "pods/log", ("get",)),
)
"""In the control namespace: slots, records, the ledger; secrets; leases; Jobs that make and remove databases."""

_OWN = (
    Rule("", "pods", ("delete", "get", "list")),
    Rule("", "pods/log", ("get",)),
    Rule("", "pods/proxy", ("create", "get")),
    Rule("", "pods/attach", ("create", "get")),
    Rule("", "secrets", ("create", "delete", "get", "list", "patch")),
    Rule("", "configmaps", ("create", "delete", "list", "patch")),
    Rule("", "events", ("list",)),
    Rule("", "services", ("get", "patch")),
    Rule("", "resourcequotas", ("create", "patch")),
    Rule("", "limitranges", ("create", "patch")),
    Rule("", "persistentvolumeclaims", ("list",)),
    Rule("apps", "deployments", ("create", "delete", "get", "list", "patch")),
    Rule("apps", "deployments/scale", ("get", "patch")),
    Rule("apps", "statefulsets", ("delete", "get")),
    Rule("autoscaling", "horizontalpodautoscalers", ("delete", "list")),
    Rule("policy", "poddisruptionbudgets", ("delete", "list")),
    Rule("batch", "cronjobs", ("delete", "list")),
    Rule("batch", "jobs", ("create", "delete", "get", "list")),
)
"""What Greenroom itself does in an environment's namespace: pods are asked, Jobs run, the live Service is switched."""

_HELM_RECORD = Rule("", "secrets", ("create", "delete", "get", "list", "update"))
"""Helm's own record of releases."""

CHART = (
    Rule("", "configmaps", HELM),
    Rule("", "serviceaccounts", HELM),
    Rule("", "services", HELM),
    Rule("apps", "deployments", HELM),
    Rule("autoscaling", "horizontalpodautoscalers", HELM),
    Rule("apps", "statefulsets", HELM),
    Rule("batch", "cronjobs", HELM),
    Rule("networking.k8s.io", "networkpolicies", HELM),
    Rule("policy", "poddisruptionbudgets", HELM),
)
"""The kinds of the chart, as Greenroom's values render it."""

MONITORING = Rule("monitoring.coreos.com", "servicemonitors", HELM)
"""Only where the cluster has that kind."""


def environment_rules(edge: ClusterEdge) -> tuple[Rule, ...]:
    """In the namespace of an environment."""
    return _joined((*_OWN, _HELM_RECORD, *CHART, *edge_rules(edge), MONITORING))


def edge_rules(edge: ClusterEdge) -> tuple[Rule, ...]:
    """The kinds by which the public comes in."""
    if edge.mode is EdgeMode.INGRESS:
        return (Rule("networking.k8s.io", "ingresses", HELM),)
    if edge.mode is EdgeMode.NONE:
        return ()
    own = () if edge.gateway else (Rule("gateway.networking.k8s.io", "gateways", HELM),)
    return (Rule("gateway.networking.k8s.io", "httproutes", HELM), *own)


def cluster_rules(names: Names) -> tuple[Rule, ...]:
    """Above the namespaces, where Greenroom makes those of environments: it binds itself to the one role inside them."""
    return (
        Rule("", "namespaces", ("create", "delete", "get", "list", "patch")),
        Rule("", "persistentvolumes", ("delete", "list")),
        Rule("rbac.authorization.k8s.io", "rolebindings", ("create", "patch")),
        Rule("rbac.authorization.k8s.io", "clusterroles", ("bind",), (environment_role(names),)),
    )


DOCTOR = (
    Rule("", "namespaces", ("list",)),
    Rule("", "nodes", ("list",)),
    Rule("", "persistentvolumeclaims", ("list",)),
    Rule("", "persistentvolumes", ("list",)),
    Rule("", "pods", ("list",)),
    Rule("apps", "daemonsets", ("list",)),
    Rule("apps", "deployments", ("list",)),
    Rule("apps", "statefulsets", ("list",)),
    Rule("autoscaling", "horizontalpodautoscalers", ("list",)),
    Rule("batch", "cronjobs", ("list",)),
    Rule("batch", "jobs", ("list",)),
    Rule("gateway.networking.k8s.io", "gateways", ("get",)),
    Rule("networking.k8s.io", "ingressclasses", ("list",)),
    Rule("networking.k8s.io", "networkpolicies", ("list",)),
    Rule("storage.k8s.io", "storageclasses", ("list",)),
)
"""What ``greenroom doctor cluster`` and ``greenroom sweep`` look at, all over the cluster. Nothing of it can be changed, and no Secret is read."""


def environment_role(names: Names) -> str:
    """The ClusterRole that is bound in each environment's namespace."""
    return f"{names.control}-environment"


def flat(rules: Iterable[Rule]) -> Iterator[tuple[str, str, str, str]]:
    """(group, resource, verb, name) of each single right; an empty name: of every object."""
    for rule in rules:
        for verb in rule.verbs:
            for name in rule.names or ("",):
                yield rule.group, rule.resource, verb, name


def _joined(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """One rule for each resource."""
    verbs: dict[tuple[str, str], set[str]] = {}
    for rule in rules:
        verbs.setdefault((rule.group, rule.resource), set()).update(rule.verbs)
    return tuple(Rule(*key, tuple(sorted(found))) for key, found in sorted(verbs.items()))
