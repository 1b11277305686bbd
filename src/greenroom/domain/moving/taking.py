"""Which objects of a namespace a person made, and what of them is theirs: the rest is made anew wherever they go."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from greenroom.domain.objects import Json, annotations_of, labels_of, pod_template

ALWAYS_THERE = frozenset({"kube-root-ca.crt", "openshift-service-ca.crt", "istio-ca-root-cert"})
"""ConfigMaps that a cluster puts into each namespace by itself."""

NOT_OURS = re.compile(
    r"^(kube|cattle|fleet|cluster-fleet|rancher)-|^(local|ingress-nginx|local-path-storage)$|^(p|c|u|user)-[a-z0-9]{5}$"
)
"""Namespaces of the cluster itself and of Rancher's own."""

DERIVED = {
    "Event": "news of the old cluster",
    "EndpointSlice": "made from its Service",
    "ControllerRevision": "made by its workload",
    "Lease": "held by whoever runs there",
    "Pod": "a pod without a workload; put it under a Deployment",
    "Job": "it would run again; start it by hand",
}
"""Kind -> why it is left out."""

RANCHERS = frozenset({"Role", "RoleBinding", "ResourceQuota", "LimitRange"})
"""Kinds that Rancher makes for its projects and their members, with labels of its own."""

HELM_RELEASE = "helm.sh/release.v1"
TOKEN = "kubernetes.io/service-account-token"  # noqa: S105 - the type of a Secret
SET_BY_SERVER = (
    *(
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "selfLink",
        "managedFields",
        "clusterName",
    ),
    *("deletionTimestamp", "deletionGracePeriodSeconds", "ownerReferences", "finalizers", "generateName"),
)
"""Of the metadata; finalizers belong to controllers of the old cluster."""

_NOTES = re.compile(
    r"(^|\.)cattle\.io/|^kubectl\.kubernetes\.io/last-applied|^deployment\.kubernetes\.io/|^autoscaling\.alpha\.kubernetes\.io/"
    r"|^pv\.kubernetes\.io/|^volume(\.beta)?\.kubernetes\.io/(storage-provisioner|selected-node)"
    r"|^deprecated\.daemonset\.template\.generation"
)
"""Annotations that a server, a controller or Rancher wrote."""

_LABELS = re.compile(r"^(field\.)?cattle\.io/|^kubernetes\.io/metadata\.name$")
"""Labels of the same; the label by which Rancher's workloads find their pods is a workload's own."""

_TOKEN_NAME = re.compile(r"-(token|dockercfg)-[a-z0-9]{5}$")


@dataclass(frozen=True, slots=True)
class Choice:
    """What is asked for: secrets with their values; ``helm``: Helm's own records; ``node_ports``: the very ports of nodes."""

    secrets: bool = False
    helm: bool = False
    node_ports: bool = False


@dataclass(frozen=True, slots=True)
class Around:
    """What the other objects of the namespace say: names of the Services whose endpoints their selector makes."""

    selecting: frozenset[str] = field(default_factory=frozenset)


def around(found: Iterable[Json]) -> Around:
    """Look at all objects of a namespace."""
    services = (s for s in found if s["kind"] == "Service" and (s.get("spec") or {}).get("selector"))
    return Around(frozenset(s["metadata"]["name"] for s in services))


def made_anew(found: Json) -> bool:
    """Does its owner make it again? A StatefulSet's claim is needed before the StatefulSet has pods: a volume is bound to it."""
    owners = {owner["kind"] for owner in found["metadata"].get("ownerReferences") or ()}
    return bool(owners) and not (found["kind"] == "PersistentVolumeClaim" and owners == {"StatefulSet"})


def left_out(found: Json, choice: Choice, others: Around) -> str:
    """Why an object is not taken along; an empty text when it is."""
    kind = found["kind"]
    if made_anew(found):
        return "made by the object that owns it"
    if kind in DERIVED:
        return DERIVED[kind]
    if ".cattle.io" in f".{found['apiVersion']}":
        return "Rancher's own"
    if kind in RANCHERS and any("cattle.io" in key for key in labels_of(found)):
        return "made by Rancher for a project or its members"
    return _by_kind(found, choice, others)


def _by_kind(found: Json, choice: Choice, others: Around) -> str:
    kind, name = found["kind"], found["metadata"]["name"]
    if kind == "ConfigMap":
        held = "control-plane.alpha.kubernetes.io/leader" in annotations_of(found)
        return (
            "every namespace has it" if name in ALWAYS_THERE else "held by whoever runs there" if held else ""
        )
    if kind == "ServiceAccount" and name == "default" and not found.get("imagePullSecrets"):
        return "every namespace has it"
    if kind == "Endpoints" and (name in others.selecting or not found.get("subsets")):
        return "made from its Service"
    return _secret(found, choice) if kind == "Secret" else ""


def _secret(found: Json, choice: Choice) -> str:
    if found.get("type") == TOKEN:
        return "a token of the old cluster"
    if found.get("type") == HELM_RELEASE:
        return (
            ""
            if choice.helm and choice.secrets
            else "Helm's record of a release; --helm --with-secrets takes it"
        )
    return "" if choice.secrets else "secrets are taken only with --with-secrets"


def stripped(found: Json, choice: Choice | None = None) -> Json:
    """What a person has written of an object. What is handed in is not changed."""
    made: Json = copy.deepcopy(found)
    made.pop("status", None)
    _clean(made["metadata"])
    _put(made["metadata"], "labels", {k: v for k, v in labels_of(made).items() if not _LABELS.search(k)})
    for key in SET_BY_SERVER:
        made["metadata"].pop(key, None)
    if (template := pod_template(made)) is not None:
        _template(template)
    special = _SPECIAL.get(made["kind"])
    if special is not None:
        special(made, choice or Choice())
    return made


def _clean(meta: Json) -> None:
    kept = {k: v for k, v in (meta.get("annotations") or {}).items() if not _NOTES.search(k)}
    _put(meta, "annotations", kept)


def _put(meta: Json, where: str, kept: Json) -> None:
    meta.pop(where, None)
    if kept:
        meta[where] = kept


def _template(template: Json) -> None:
    """Nothing of a template is set by a server but what an empty field looks like, and an older name of the account."""
    meta = template.setdefault("metadata", {})
    meta.pop("creationTimestamp", None)
    _clean(meta)
    spec = template["spec"]
    if spec.get("serviceAccount") == spec.get("serviceAccountName"):
        spec.pop("serviceAccount", None)


def _service(made: Json, choice: Choice) -> None:
    spec = made.setdefault("spec", {})
    headless = {"clusterIP"} if spec.get("clusterIP") == "None" else set()
    for key in {"clusterIP", "clusterIPs", "ipFamilies"} - headless:
        spec.pop(key, None)
    if not choice.node_ports:
        spec.pop("healthCheckNodePort", None)
        for port in spec.get("ports") or ():
            port.pop("nodePort", None)


def _claim(made: Json, _choice: Choice) -> None:
    """Whoever chose no class chose the volume: it must be there first."""
    spec = made.setdefault("spec", {})
    if spec.get("storageClassName") != "":
        spec.pop("volumeName", None)


def _account(made: Json, _choice: Choice) -> None:
    kept = [s for s in made.get("secrets") or () if not _TOKEN_NAME.search(s.get("name", ""))]
    made.pop("secrets", None)
    if kept:
        made["secrets"] = kept


def _namespace(made: Json, _choice: Choice) -> None:
    made.pop("spec", None)


def _set(made: Json, _choice: Choice) -> None:
    """Templates of claims carry a status of their own."""
    for claim in (made.get("spec") or {}).get("volumeClaimTemplates") or ():
        claim.pop("status", None)
        claim.get("metadata", {}).pop("creationTimestamp", None)


def _cron(made: Json, _choice: Choice) -> None:
    template = (made.get("spec") or {}).get("jobTemplate") or {}
    (template.get("metadata") or {}).pop("creationTimestamp", None)


_SPECIAL = {
    "Service": _service,
    "PersistentVolumeClaim": _claim,
    "ServiceAccount": _account,
    "Namespace": _namespace,
    "StatefulSet": _set,
    "CronJob": _cron,
}
