"""An account for Greenroom with the least rights, as objects that an administrator applies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from greenroom.domain.cluster import ClusterEdge
from greenroom.drivers.kubernetes.names import PROJECT, Names
from greenroom.drivers.kubernetes.rights import (
    CONTROL,
    DOCTOR,
    Rule,
    cluster_rules,
    environment_role,
    environment_rules,
)

Json = dict[str, Any]

NAME = "greenroom"
"""Of the ServiceAccount, in the control namespace, and of what is bound to it there."""

RBAC = "rbac.authorization.k8s.io"
ADMISSION = "admissionregistration.k8s.io"
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}


def account(
    names: Names, edge: ClusterEdge, premade: Sequence[str] | None, doctor: bool = True
) -> list[Json]:
    """Everything to apply. ``premade``: the environments whose namespaces the administrator makes, so that nothing above
    namespaces may be changed; None: Greenroom makes them. ``doctor``: with the right to look at the whole cluster."""
    control = names.control
    parts = [_namespace(names, None), _service_account(control), *_role(control, CONTROL, control)]
    if premade is None:
        parts += [*_above(names, edge), *_fence(names)]
    for environment in premade or ():
        where = names.namespace(environment)
        parts += [_namespace(names, environment), *_role(where, environment_rules(edge), control)]
    if premade is not None:
        parts += _cluster_role(f"{control}-namespaces", _only(names, premade), control)
    return [*parts, *(_cluster_role(f"{control}-doctor", DOCTOR, control) if doctor else ())]


def _only(names: Names, premade: Sequence[str]) -> tuple[Rule, ...]:
    """To see that the namespaces are there: of these names alone; and which of them are the project's."""
    mine = (names.control, *(names.namespace(e) for e in premade))
    return (Rule("", "namespaces", ("get",), mine), Rule("", "namespaces", ("list",)))


def _above(names: Names, edge: ClusterEdge) -> list[Json]:
    role = _object(RBAC, "ClusterRole", environment_role(names))
    role["rules"] = [rule.body() for rule in environment_rules(edge)]
    return [role, *_cluster_role(names.control, cluster_rules(names), names.control)]


def _fence(names: Names) -> list[Json]:
    """RBAC cannot say which namespaces an account may make, remove or bind itself in; an admission policy can."""
    named = f"object.metadata.name.startsWith('{names.project}-')"
    kept = f"oldObject.metadata.name != '{names.control}'"
    policy = _object(ADMISSION, "ValidatingAdmissionPolicy", names.control)
    space = "request.resource.resource != 'namespaces'"
    rules = {
        f"{space} || request.operation != 'CREATE' || ({named} && {_owned('object', names)})": (
            f"Greenroom makes namespaces called {names.project}-... with the project's label alone"
        ),
        f"{space} || request.operation == 'CREATE' || ({_owned('oldObject', names)} && {kept})": (
            "Greenroom changes and removes no namespace but those of the project's environments"
        ),
        f"!({space}) || ({_owned('namespaceObject', names)})": (
            "Greenroom binds itself in the namespaces of the project's environments alone"
        ),
    }
    policy["spec"] = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [_watched("", "namespaces"), _watched(RBAC, "rolebindings")]},
        "matchConditions": [
            {"name": "greenroom", "expression": f"request.userInfo.username == '{_user(names)}'"}
        ],
        "validations": [{"expression": e, "message": m} for e, m in rules.items()],
    }
    binding = _object(ADMISSION, "ValidatingAdmissionPolicyBinding", names.control)
    binding["spec"] = {"policyName": names.control, "validationActions": ["Deny"]}
    return [policy, binding]


def _owned(which: str, names: Names) -> str:
    """In the policy's language: does the object have the project's label?"""
    labels = f"{which}.metadata.labels"
    return f"has({labels}) && '{PROJECT}' in {labels} && {labels}['{PROJECT}'] == '{names.project}'"


def _user(names: Names) -> str:
    return f"system:serviceaccount:{names.control}:{NAME}"


def _watched(group: str, resource: str) -> Json:
    operations = ["CREATE", "UPDATE", "DELETE"]
    return {"apiGroups": [group], "apiVersions": ["v1"], "operations": operations, "resources": [resource]}


def _namespace(names: Names, environment: str | None) -> Json:
    name = names.control if environment is None else names.namespace(environment)
    found = _object("", "Namespace", name)
    found["metadata"]["labels"] = {**names.labels(environment), **(RESTRICTED if environment else {})}
    return found


def _service_account(control: str) -> Json:
    found = _object("", "ServiceAccount", NAME, control)
    return {**found, "automountServiceAccountToken": False}


def _role(where: str, rules: Iterable[Rule], control: str) -> list[Json]:
    role = _object(RBAC, "Role", NAME, where)
    role["rules"] = [rule.body() for rule in rules]
    return [role, _bound(_object(RBAC, "RoleBinding", NAME, where), "Role", NAME, control)]


def _cluster_role(name: str, rules: Iterable[Rule], control: str) -> list[Json]:
    role = _object(RBAC, "ClusterRole", name)
    role["rules"] = [rule.body() for rule in rules]
    return [role, _bound(_object(RBAC, "ClusterRoleBinding", name), "ClusterRole", name, control)]


def _bound(binding: Json, kind: str, name: str, control: str) -> Json:
    subject = {"kind": "ServiceAccount", "name": NAME, "namespace": control}
    return {**binding, "roleRef": {"apiGroup": RBAC, "kind": kind, "name": name}, "subjects": [subject]}


def _object(group: str, kind: str, name: str, namespace: str = "") -> Json:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": f"{group}/v1" if group else "v1", "kind": kind, "metadata": metadata}
