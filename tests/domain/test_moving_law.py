"""The conversions of removed API versions, the levels of Pod Security, and the comparison, on objects written after the API reference."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greenroom.domain.moving.comparing import compared, normal
from greenroom.domain.moving.converting import REMOVED, converted
from greenroom.domain.moving.export import rank
from greenroom.domain.moving.pod_security import Level, level_of_pod, level_of_policy
from greenroom.domain.moving.taking import NOT_OURS, Choice, stripped
from greenroom.domain.objects import Id

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

Json = dict[str, Any]
OLD = [
    dict(o)
    for o in yaml.safe_load_all((Path(__file__).parents[1] / "data" / "kubernetes-1.18.yaml").read_text())
]


def made(version: str, kind: str, spec: Json, **meta: Any) -> Json:
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": "x", "namespace": "n", **meta},
        "spec": spec,
    }


@pytest.mark.parametrize("found", OLD, ids=lambda o: f"{o['apiVersion']}-{o['kind']}-{o['metadata']['name']}")
def test_converting_and_stripping_are_done_once_and_change_nothing_handed_in(found: Json) -> None:
    before = copy.deepcopy(found)
    new = converted(found)
    if new.found is None:
        assert new.notes
        return
    assert converted(new.found).found == new.found
    once = stripped(new.found, Choice())
    assert stripped(once, Choice()) == once
    assert found == before
    assert compared([once], [new.found]).equal
    assert bool(new.before) is ((found["apiVersion"], found["kind"]) in REMOVED)


def test_the_two_old_shapes_of_an_ingress_are_one_today() -> None:
    one, other = (converted(o).found for o in OLD if o["kind"] == "Ingress")
    assert one is not None
    assert other is not None
    assert compared([one], [other]).equal
    assert one["apiVersion"] == "networking.k8s.io/v1"
    assert one["spec"]["defaultBackend"] == {"service": {"name": "web", "port": {"name": "http"}}}
    root, admin = one["spec"]["rules"][0]["http"]["paths"]
    assert root == {
        "path": "/",
        "pathType": "ImplementationSpecific",
        "backend": {"service": {"name": "web", "port": {"number": 80}}},
    }
    assert (admin["pathType"], admin["backend"]["service"]["port"]) == ("Prefix", {"name": "http"})


def test_what_an_ingress_leaves_open_is_told() -> None:
    paths = [{"path": "api", "backend": {"serviceName": "a", "servicePort": 1}}]
    bare = converted(
        made("networking.k8s.io/v1beta1", "Ingress", {"rules": [{"host": "h", "http": {"paths": paths}}]})
    )
    assert [n.split(":")[0] for n in bare.notes] == [
        "path 'api' of h must begin with a slash today",
        "names no class",
    ]
    noted = {
        "annotations": {"kubernetes.io/ingress.class": "a", "nginx.ingress.kubernetes.io/rewrite-target": "/"}
    }
    twice = converted(made("networking.k8s.io/v1beta1", "Ingress", {"ingressClassName": "b"}, **noted))
    assert twice.found is not None
    assert list(twice.found["metadata"]["annotations"]) == ["nginx.ingress.kubernetes.io/rewrite-target"]
    assert twice.notes == (
        "only ingress-nginx, which is retired, reads nginx.ingress.kubernetes.io/rewrite-target",
    )
    resource = {"resource": {"kind": "Bucket", "name": "b"}}
    kept = converted(made("networking.k8s.io/v1beta1", "Ingress", {"backend": resource})).found
    assert kept is not None
    assert kept["spec"]["defaultBackend"] == resource


def test_an_empty_selector_of_a_disruption_budget_means_the_contrary_today() -> None:
    empty = converted(made("policy/v1beta1", "PodDisruptionBudget", {"minAvailable": 1, "selector": {}}))
    assert empty.found is not None
    assert empty.found["spec"] == {"minAvailable": 1}
    assert "protected no pod" in empty.notes[0]
    unset = converted(made("policy/v1beta1", "PodDisruptionBudget", {"minAvailable": 1}))
    assert (unset.found or {})["spec"] == {"minAvailable": 1}
    assert unset.notes == ()


def test_autoscalers_of_v2beta1_say_the_same_in_v2() -> None:
    metrics: list[Json] = [
        {"type": "Resource", "resource": {"name": "cpu", "targetAverageUtilization": 60}},
        {"type": "Resource", "resource": {"name": "memory", "targetAverageValue": "1Gi"}},
        {
            "type": "ContainerResource",
            "containerResource": {"name": "cpu", "container": "web", "targetAverageUtilization": 5},
        },
        {
            "type": "Pods",
            "pods": {"metricName": "rps", "targetAverageValue": "10", "selector": {"matchLabels": {}}},
        },
        {
            "type": "Object",
            "object": {"metricName": "hits", "target": {"kind": "Ingress", "name": "i"}, "targetValue": "9"},
        },
        {
            "type": "External",
            "external": {"metricName": "queue", "metricSelector": {"a": "b"}, "targetAverageValue": "3"},
        },
    ]
    new = converted(made("autoscaling/v2beta1", "HorizontalPodAutoscaler", {"metrics": metrics})).found
    assert new is not None
    assert new["apiVersion"] == "autoscaling/v2"
    assert [m[m["type"][0].lower() + m["type"][1:]] for m in new["spec"]["metrics"]] == [
        {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}},
        {"name": "memory", "target": {"type": "AverageValue", "averageValue": "1Gi"}},
        {"container": "web", "name": "cpu", "target": {"type": "Utilization", "averageUtilization": 5}},
        {
            "metric": {"name": "rps", "selector": {"matchLabels": {}}},
            "target": {"type": "AverageValue", "averageValue": "10"},
        },
        {
            "metric": {"name": "hits"},
            "describedObject": {"kind": "Ingress", "name": "i"},
            "target": {"type": "Value", "value": "9"},
        },
        {
            "metric": {"name": "queue", "selector": {"a": "b"}},
            "target": {"type": "AverageValue", "averageValue": "3"},
        },
    ]


def test_workloads_of_before_1_16_get_the_selector_that_they_had() -> None:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {}}
    new = converted(made("extensions/v1beta1", "Deployment", {"template": template, "rollbackTo": {}})).found
    assert new is not None
    assert new["apiVersion"] == "apps/v1"
    assert new["spec"] == {"template": template, "selector": {"matchLabels": {"a": "b"}}}


def test_what_has_no_successor_is_named() -> None:
    gone = converted(made("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition", {}))
    assert gone.found is None
    assert "removed in Kubernetes 1.22" in gone.notes[0]


STRICT: Json = {
    "allowPrivilegeEscalation": False,
    "runAsUser": {"rule": "MustRunAs", "ranges": [{"min": 1, "max": 2}]},
    "requiredDropCapabilities": ["ALL"],
    "volumes": ["secret"],
}


@pytest.mark.parametrize(
    ("change", "level", "why"),
    [
        ({}, Level.RESTRICTED, ()),
        ({"runAsUser": {"rule": "RunAsAny"}}, Level.BASELINE, ("runAsUser: may be root",)),
        ({"allowPrivilegeEscalation": True}, Level.BASELINE, ("allowPrivilegeEscalation",)),
        ({"volumes": ["nfs"]}, Level.BASELINE, ("volumes: nfs",)),
        ({"hostPID": True}, Level.PRIVILEGED, ("hostPID",)),
        ({"volumes": ["hostPath"]}, Level.PRIVILEGED, ("volumes: hostPath",)),
        ({"allowedCapabilities": ["NET_ADMIN", "CHOWN"]}, Level.PRIVILEGED, ("capability NET_ADMIN",)),
    ],
)
def test_the_level_of_a_policy(change: Json, level: Level, why: tuple[str, ...]) -> None:
    assert level_of_policy({"spec": {**STRICT, **change}}) == (level, why)


def test_the_level_of_a_pod() -> None:
    safe = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    shared = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    spec: Json = {"securityContext": shared, "containers": [{"name": "a", "securityContext": safe}]}
    assert level_of_pod(spec) == (Level.RESTRICTED, ())
    assert level_of_pod({"containers": [{"name": "a"}]})[0] is Level.BASELINE
    assert level_of_pod({**spec, "volumes": [{"name": "v", "hostPath": {}}]}) == (
        Level.PRIVILEGED,
        ("volume v: hostPath",),
    )
    init = {"initContainers": [{"name": "i", "securityContext": {"privileged": True}}]}
    assert level_of_pod({**spec, **init}) == (Level.PRIVILEGED, ("i: privileged",))


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("kube-system", True),
        ("cattle-fleet-system", True),
        ("p-abcde", True),
        ("shop", False),
        ("p-shop-prod", False),
    ],
)
def test_namespaces_of_the_cluster_itself(name: str, theirs: bool) -> None:
    assert bool(NOT_OURS.search(name)) is theirs


def test_members_of_lists_are_compared_by_their_names() -> None:
    def pod(*containers: Json) -> Json:
        return made("apps/v1", "Deployment", {"template": {"spec": {"containers": list(containers)}}})

    one, two = {"name": "web", "image": "a"}, {"name": "log", "image": "b"}
    assert compared([pod(one, two)], [pod(two, one)]).equal
    found = compared([pod(one, two)], [pod({**one, "image": "c"}), made("v1", "ConfigMap", {})])
    assert [(d.field, d.here, d.there) for d in found.differing] == [
        ("spec.template.spec.containers[web].image", "a", "c"),
        ("spec.template.spec.containers[log]", {"name": "log", "image": "b"}, None),
    ]
    assert found.only_there == ("n/ConfigMap/x",)


def test_what_a_newer_server_fills_in_is_no_difference() -> None:
    here = made("v1", "Service", {"clusterIP": "None", "ports": [{"port": 1}]})
    there = made(
        "v1",
        "Service",
        {
            "clusterIP": "None",
            "clusterIPs": ["None"],
            "ipFamilies": ["IPv4"],
            "ipFamilyPolicy": "SingleStack",
            "internalTrafficPolicy": "Cluster",
            "ports": [{"port": 1}],
        },
    )
    assert compared([here], [there]).equal
    assert not compared([here], [made("v1", "Service", {"ports": [{"port": 1}]})]).equal
    empty = made("networking.k8s.io/v1", "NetworkPolicy", {"podSelector": {}})
    assert normal(empty)["spec"] == {"podSelector": {}}, "an empty selector says something"


@CALM
@given(st.permutations(OLD))
def test_what_others_need_is_made_before_them(objects: list[Json]) -> None:
    kinds = [o["kind"] for o in sorted(objects, key=rank)]
    places = {kind: kinds.index(kind) for kind in reversed(kinds)}
    order = [
        "Namespace",
        "ServiceAccount",
        "RoleBinding",
        "ConfigMap",
        "Secret",
        "PersistentVolumeClaim",
        "Service",
    ]
    order += ["Deployment", "CronJob", "Ingress"]
    assert sorted(order, key=places.__getitem__) == order
    assert kinds[-1] == "Ingress"
    assert [Id.of(o) for o in sorted(objects, key=rank)] == [Id.of(o) for o in sorted(OLD, key=rank)]
