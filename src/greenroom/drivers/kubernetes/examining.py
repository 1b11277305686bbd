"""The checks of a cluster, by reading it and by asking for this account's rights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

from greenroom.domain.cluster import ClusterEdge, EdgeMode
from greenroom.domain.errors import GreenroomError
from greenroom.domain.findings import Checked, Finding, Severity, answered, inapplicable
from greenroom.drivers.kubernetes.api import Json
from greenroom.drivers.kubernetes.binding import may
from greenroom.drivers.kubernetes.extending import GATEWAY, has_kind, missing_kinds
from greenroom.drivers.kubernetes.names import Names
from greenroom.drivers.kubernetes.naming import Naming
from greenroom.drivers.kubernetes.platform import OLDEST
from greenroom.drivers.kubernetes.rights import CONTROL, MONITORING, cluster_rules, environment_rules, flat
from greenroom.drivers.kubernetes.storing import host_paths, storage_class

NGINX_CONTROLLER = "k8s.io/ingress-nginx"
PRESSURES = ("MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable")


class Reader(Protocol):
    """What the checks need of the API; :class:`greenroom.drivers.kubernetes.api.Api` is one."""

    def get(self, path: str) -> Json | None:
        """An object; None when it is not there."""

    def items(self, path: str, labels: Mapping[str, str] | None = None) -> list[Json]:
        """The objects of a list."""

    def create(self, path: str, body: Json) -> Json:
        """Ask a review of rights."""


class KubernetesExaminer:
    """See :class:`greenroom.ports.examining.Examiner`. ``helm``: the version of the program; raises when it cannot be used.
    ``own_databases``: some environment has a database from the chart."""

    def __init__(
        self,
        api: Reader,
        names: Names,
        edge: ClusterEdge,
        helm: Callable[[], tuple[int, int, int]],
        naming: Naming,
        own_databases: bool = False,
    ) -> None:
        self._api, self._names, self._edge, self._helm = api, names, edge, helm
        self._whole: Mapping[str, Callable[[], Checked]] = {
            "gateway": self._gateway,
            "kinds": lambda: missing_kinds(api, edge),
            "host-paths": lambda: host_paths(api, sorted(self._spaces())),
            "storage-class": lambda: storage_class(api, own_databases),
        }
        self._checks: Mapping[str, Callable[[], Iterable[Finding]]] = {
            "server-version": self._server,
            "helm-version": self._helm_version,
            "rights": self._rights,
            "nodes": self._nodes,
            "dns": naming.dns,
            "certificates": naming.certificate,
            "ingress-nginx": self._nginx,
            "released-volumes": self._volumes,
            "stuck-namespaces": self._stuck,
        }

    def check(self, name: str) -> Checked:
        if name in self._whole:
            return self._whole[name]()
        return answered(name, tuple(self._checks[name]()))

    def fix(self, name: str) -> tuple[str, ...]:
        """Nothing: what a cluster lacks is its administrator's to change."""
        return ()

    def _spaces(self) -> set[str]:
        """The project's namespaces."""
        return {s["metadata"]["name"] for s in self._api.items("/api/v1/namespaces", self._names.labels())}

    def _server(self) -> Iterator[Finding]:
        found = self._api.get("/version") or {}
        minor = "".join(filter(str.isdigit, str(found.get("minor") or "0"))) or "0"
        version = int(found.get("major") or 0), int(minor)
        if version < OLDEST:
            yield Finding(
                "server-version",
                Severity.PROBLEM,
                f"the cluster runs Kubernetes {version[0]}.{version[1]}",
                f"the chart needs what {OLDEST[0]}.{OLDEST[1]} brought",
                "upgrade the cluster",
            )

    def _helm_version(self) -> Iterator[Finding]:
        try:
            version = self._helm()
        except GreenroomError as error:
            yield Finding(
                "helm-version", Severity.PROBLEM, error.message, "helm does the deploys", error.hint
            )
            return
        if version[0] < 4:
            yield Finding(
                "helm-version",
                Severity.WARNING,
                f"helm {'.'.join(map(str, version))} gets no fixes any more",
                "Helm 3 had its last security fixes on 2026-11-11",
                "install helm 4",
            )

    def _rights(self) -> Iterator[Finding]:
        there = self._spaces()
        asked = [("", right) for right in flat(cluster_rules(self._names))] if self._makes(there) else []
        asked += [(self._names.control, right) for right in flat(CONTROL)]
        for space in sorted(there - {self._names.control}):
            rules = [r for r in environment_rules(self._edge) if r.group != MONITORING.group]
            asked += [(space, right) for right in flat(rules)]
        missing: dict[str, list[str]] = {}
        for space, (group, resource, verb, name) in asked:
            if not may(self._api, space, group, resource, verb, name):
                missing.setdefault(space, []).append(f"{verb} {resource}{f' {name}' if name else ''}")
        for space, rights in missing.items():
            where = f"in {space}" if space else "above namespaces"
            yield Finding(
                "rights",
                Severity.PROBLEM,
                f"this account may not, {where}: {', '.join(rights)}",
                "the account has fewer rights than Greenroom needs",
                "greenroom cluster account | kubectl apply -f -",
            )

    def _makes(self, there: set[str]) -> bool:
        """Is it this account that makes namespaces? Not where they are there already and it may not make one."""
        return not there - {self._names.control} or may(self._api, "", "", "namespaces", "create")

    def _nodes(self) -> Iterator[Finding]:
        for node in self._api.items("/api/v1/nodes"):
            conditions = {c["type"]: c["status"] for c in (node.get("status") or {}).get("conditions") or ()}
            bad = [kind for kind in PRESSURES if conditions.get(kind) == "True"]
            bad += ["not ready"] if conditions.get("Ready") != "True" else []
            bad += ["closed for new pods"] if (node.get("spec") or {}).get("unschedulable") else []
            if bad:
                yield Finding(
                    "nodes",
                    Severity.WARNING,
                    f"node {node['metadata']['name']}: {', '.join(bad)}",
                    "the node lacks something, or somebody has closed it",
                    f"kubectl describe node {node['metadata']['name']}",
                )

    def _nginx(self) -> Iterator[Finding]:
        classes = self._api.items("/apis/networking.k8s.io/v1/ingressclasses")
        for found in classes:
            name = found["metadata"]["name"]
            if (found.get("spec") or {}).get("controller") != NGINX_CONTROLLER:
                continue
            ours = self._edge.mode is EdgeMode.INGRESS and name == self._edge.ingress_class
            yield Finding(
                "ingress-nginx",
                Severity.PROBLEM if ours else Severity.WARNING,
                f"the ingress class {name} is served by ingress-nginx" + (", and is ours" if ours else ""),
                "ingress-nginx was retired on 2026-03-24 and gets no security fixes",
                "move to a Gateway or to another controller",
            )

    def _volumes(self) -> Iterator[Finding]:
        for volume in self._api.items("/api/v1/persistentvolumes"):
            phase = (volume.get("status") or {}).get("phase")
            if phase in ("Released", "Failed"):
                claim = (volume.get("spec") or {}).get("claimRef") or {}
                yield Finding(
                    "released-volumes",
                    Severity.WARNING,
                    f"the volume {volume['metadata']['name']} is {str(phase).lower()}: it was that of"
                    f" {claim.get('namespace')}/{claim.get('name')}",
                    "its claim has gone, and its reclaim policy keeps it with all its data",
                    f"save what is needed, then: kubectl delete pv {volume['metadata']['name']}",
                )

    def _stuck(self) -> Iterator[Finding]:
        for space in self._api.items("/api/v1/namespaces"):
            status = space.get("status") or {}
            why = [str(c.get("message")) for c in status.get("conditions") or () if c.get("status") == "True"]
            if status.get("phase") == "Terminating" and why:
                yield Finding(
                    "stuck-namespaces",
                    Severity.WARNING,
                    f"the namespace {space['metadata']['name']} does not go",
                    "; ".join(why)[:500],
                    "remove what holds it; a finalizer is taken away only when its controller is gone for good",
                )

    def _gateway(self) -> Checked:
        if self._edge.mode is not EdgeMode.GATEWAY or not self._edge.gateway:
            return inapplicable("gateway", "no shared Gateway is named")
        space, _, name = self._edge.gateway.rpartition("/")
        path = f"/apis/gateway.networking.k8s.io/v1/namespaces/{space}/gateways/{name}"
        found = self._api.get(path)
        known = found is not None or has_kind(self._api, GATEWAY, "gateways")
        return answered("gateway", tuple(_gateway_findings(self._edge, found, known)))


def _gateway_findings(edge: ClusterEdge, found: Json | None, known: bool) -> Iterator[Finding]:
    """``known``: the cluster has such a kind."""

    def problem(message: str, cause: str, cure: str) -> Finding:
        return Finding("gateway", Severity.PROBLEM, message, cause, cure)

    if found is None:
        yield problem(
            f"the Gateway {edge.gateway} is not there",
            "[kubernetes.edge] gateway names another one" if known else "the Gateway API is not installed",
            "kubectl get gateways --all-namespaces" if known else "greenroom doctor cluster kinds",
        )
        return
    conditions = (found.get("status") or {}).get("conditions") or ()
    if not any(c["type"] == "Programmed" and c["status"] == "True" for c in conditions):
        why = "; ".join(str(c.get("message")) for c in conditions if c["status"] != "True")
        told = why or "no controller has answered for it"
        yield problem(f"the Gateway {edge.gateway} is not at work", told, "see to its controller")
    listeners = [x for x in found["spec"].get("listeners") or () if edge.section in ("", x["name"])]
    if not listeners:
        yield problem(
            f"the Gateway {edge.gateway} has no listener {edge.section}",
            "[kubernetes.edge] section names another one",
            f"it has: {', '.join(x['name'] for x in found['spec'].get('listeners') or ())}",
        )
    elif all(_same_only(listener) for listener in listeners):
        yield problem(
            f"the Gateway {edge.gateway} takes routes of its own namespace alone",
            "allowedRoutes.namespaces.from of its listener is Same (the default)",
            "set it to All, or to a Selector for greenroom.dev/project",
        )


def _same_only(listener: Json) -> bool:
    allowed = ((listener.get("allowedRoutes") or {}).get("namespaces") or {}).get("from")
    return (allowed or "Same") == "Same"
