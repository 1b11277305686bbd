"""Objects of API versions that Kubernetes has removed, as those that took their place.

By the Deprecated API Migration Guide, https://kubernetes.io/docs/reference/using-api/deprecation-guide/. What an older server
returns has that version's defaults filled in, so a default that differs between versions changes nothing.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from greenroom.domain.moving.autoscalers import from_v2beta1
from greenroom.domain.objects import Json, annotations_of

CLASS = "kubernetes.io/ingress.class"
NGINX = "nginx.ingress.kubernetes.io/"

Change = Callable[[Json], tuple[str, ...]]
"""Changes an object in place, and says what a person should know of it."""


@dataclass(frozen=True, slots=True)
class Removed:
    """A version that is not served from ``since`` on. ``now``: what took its place (None: nothing did, and ``instead`` says what to do)."""

    since: str
    now: str | None
    change: Change = lambda _found: ()
    instead: str = ""


@dataclass(frozen=True, slots=True)
class Converted:
    """An object in today's shape; None: there is none. ``before``: the version that it came in, if it was another; ``notes``: what
    a person should know."""

    found: Json | None
    before: str = ""
    notes: tuple[str, ...] = ()


def converted(found: Json) -> Converted:
    """The object in today's version of its API; untouched when it is that already. What is handed in is not changed."""
    version = str(found.get("apiVersion", ""))
    removed = REMOVED.get((version, str(found.get("kind", ""))))
    if removed is None:
        return Converted(found)
    if removed.now is None:
        gone = f"{version} {found.get('kind')} was removed in Kubernetes {removed.since}: {removed.instead}"
        return Converted(None, version, (gone,))
    made = copy.deepcopy(found)
    made["apiVersion"] = removed.now
    return Converted(made, version, removed.change(made))


def _ingress(found: Json) -> tuple[str, ...]:
    """Backends name their service and port in another way, and each path its type."""
    spec = found.setdefault("spec", {})
    if "backend" in spec:
        spec["defaultBackend"] = _backend(spec.pop("backend"))
    notes = []
    for rule in spec.get("rules") or ():
        for path in (rule.get("http") or {}).get("paths") or ():
            path["backend"] = _backend(path["backend"])
            path.setdefault("pathType", "ImplementationSpecific")
            if path.get("path") and not path["path"].startswith("/"):
                notes.append(
                    f"path {path['path']!r} of {rule.get('host', '*')} must begin with a slash today"
                )
    return (*notes, *_class(found))


def _class(found: Json) -> tuple[str, ...]:
    """Today's API refuses an Ingress that names its class twice."""
    named = found["spec"].get("ingressClassName")
    if named and CLASS in annotations_of(found):
        del annotations_of(found)[CLASS]
    known = named or annotations_of(found).get(CLASS)
    notes = [] if known else ["names no class: it is served only where the new cluster has a default one"]
    if read := sorted(key for key in annotations_of(found) if key.startswith(NGINX)):
        notes.append(f"only ingress-nginx, which is retired, reads {', '.join(read)}")
    return tuple(notes)


def _backend(old: Json) -> Json:
    if "serviceName" not in old:
        return old
    port: Any = old.get("servicePort")
    new: Json = {"name": old["serviceName"]}
    if port is not None:
        new["port"] = {"number": port} if isinstance(port, int) else {"name": str(port)}
    rest = {k: v for k, v in old.items() if k not in ("serviceName", "servicePort")}
    return {**rest, "service": new}


def _disruption_budget(found: Json) -> tuple[str, ...]:
    """An empty selector chose no pod, and would choose all of them; one that is not there chooses none in either version."""
    spec = found.get("spec") or {}
    if spec.get("selector") == {}:
        del spec["selector"]
        return (
            "its empty selector protected no pod; it is left out, so that it does not protect all of them",
        )
    return ()


def _workload(found: Json) -> tuple[str, ...]:
    """The selector must be there; before, the labels of the pods stood in for it."""
    spec = found.setdefault("spec", {})
    for gone in ("rollbackTo", "templateGeneration"):
        spec.pop(gone, None)
    if not spec.get("selector"):
        spec["selector"] = {
            "matchLabels": ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
        }
    return ()


_RBAC = "rbac.authorization.k8s.io"
_OPERATORS = "the operator that it belongs to brings it; install that first"
_LEVELS = "a namespace's label pod-security.kubernetes.io/enforce takes its place"

REMOVED: dict[tuple[str, str], Removed] = {
    ("extensions/v1beta1", "Ingress"): Removed("1.22", "networking.k8s.io/v1", _ingress),
    ("networking.k8s.io/v1beta1", "Ingress"): Removed("1.22", "networking.k8s.io/v1", _ingress),
    ("extensions/v1beta1", "NetworkPolicy"): Removed("1.16", "networking.k8s.io/v1"),
    ("batch/v1beta1", "CronJob"): Removed("1.25", "batch/v1"),
    ("batch/v2alpha1", "CronJob"): Removed("1.21", "batch/v1"),
    ("policy/v1beta1", "PodDisruptionBudget"): Removed("1.25", "policy/v1", _disruption_budget),
    ("policy/v1beta1", "PodSecurityPolicy"): Removed("1.25", None, instead=_LEVELS),
    ("extensions/v1beta1", "PodSecurityPolicy"): Removed("1.16", None, instead=_LEVELS),
    ("autoscaling/v2beta1", "HorizontalPodAutoscaler"): Removed("1.25", "autoscaling/v2", from_v2beta1),
    ("autoscaling/v2beta2", "HorizontalPodAutoscaler"): Removed("1.26", "autoscaling/v2"),
    ("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition"): Removed("1.22", None, instead=_OPERATORS),
    **{
        (f"{_RBAC}/{v}", k): Removed("1.22", f"{_RBAC}/v1")
        for v in ("v1alpha1", "v1beta1")
        for k in ("Role", "RoleBinding")
    },
    **{
        (version, kind): Removed("1.16", "apps/v1", _workload)
        for version in ("extensions/v1beta1", "apps/v1beta1", "apps/v1beta2")
        for kind in ("Deployment", "ReplicaSet", "DaemonSet", "StatefulSet")
    },
}
"""(version, kind) -> what became of it."""

TODAY = {
    kind: (removed.now or "").rpartition("/")[0] for (_, kind), removed in REMOVED.items() if removed.now
}
"""Kind -> the group that it belongs to now, of those that have moved or changed."""
