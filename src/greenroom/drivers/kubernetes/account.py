"""An account for Greenroom with the least rights, as objects that an administrator applies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from greenroom.domain.cluster import ClusterEdge
from greenroom.drivers.kubernetes.names import PROJECT, RESTRICTED, Names
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
_WATCHED = (("", "namespaces"), ("", "persistentvolumes"), (RBAC, "rolebindings"))


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
    """RBAC cannot say which namespaces an account may make, remove or bind itself in; an admission policy can.

    A namespace without Pod Security would be a way to the nodes, and so to everything: the account may make none.
    """
    policy = _object(ADMISSION, "ValidatingAdmissionPolicy", names.control)
    elsewhere = "request.resource.resource != 'namespaces'"
    unbound = "request.resource.resource != 'rolebindings'"
    no_volume = "request.resource.resource != 'persistentvolumes'"
    created, gone = "request.operation == 'CREATE'", "request.operation == 'DELETE'"
    rules = {
        f"{elsewhere} || !({created}) || object.metadata.name.startsWith('{names.project}-')": (
            f"Greenroom makes namespaces called {names.project}-... alone"
        ),
        f"{elsewhere} || {gone} || ({_owned('object', names)} && {_restricted('object')})": (
            "Greenroom gives namespaces the project's label and restricted Pod Security"
        ),
        f"{elsewhere} || {created} || ({_an_environment('oldObject', names)})": (
            "Greenroom changes and removes no namespace but those of the project's environments"
        ),
        f"{unbound} || ({_an_environment('namespaceObject', names)})": (
            "Greenroom binds itself in the namespaces of the project's environments alone"
        ),
        f"{unbound} || {gone} || ({_binds_itself(names)})": (
            f"Greenroom binds itself alone, to {environment_role(names)}"
        ),
        f"{no_volume} || ({gone} && {_let_go_by(names)})": (
            "Greenroom removes no volume but those that claims of the project's environments have left"
        ),
    }
    policy["spec"] = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [_watched(*kind) for kind in _WATCHED]},
        "matchConditions": [
            {"name": "greenroom", "expression": f"request.userInfo.username == '{_user(names)}'"}
        ],
        "validations": [{"expression": e, "message": m, "reason": "Forbidden"} for e, m in rules.items()],
    }
    binding = _object(ADMISSION, "ValidatingAdmissionPolicyBinding", names.control)
    binding["spec"] = {"policyName": names.control, "validationActions": ["Deny"]}
    return [policy, binding]


def _owned(which: str, names: Names) -> str:
    """In the policy's language: does the object have the project's label?"""
    labels = f"{which}.metadata.labels"
    return f"has({labels}) && '{PROJECT}' in {labels} && {labels}['{PROJECT}'] == '{names.project}'"


def _an_environment(which: str, names: Names) -> str:
    """Is it the namespace of an environment of the project?"""
    return f"{_owned(which, names)} && {which}.metadata.name != '{names.control}'"


def _restricted(which: str) -> str:
    """Does the namespace refuse pods that could leave their node's fence?"""
    tests = (
        f"'{key}' in {which}.metadata.labels && {which}.metadata.labels['{key}'] == '{value}'"
        for key, value in RESTRICTED.items()
    )
    return " && ".join(tests)


def _binds_itself(names: Names) -> str:
    """Does the binding give the account, and nobody else, its one role?"""
    role = f"object.roleRef.kind == 'ClusterRole' && object.roleRef.name == '{environment_role(names)}'"
    me = f"s.kind == 'ServiceAccount' && s.name == '{NAME}' && s.namespace == '{names.control}'"
    return f"{role} && object.subjects.all(s, {me})"


def _let_go_by(names: Names) -> str:
    """Was the volume that of a claim in one of the project's namespaces, and is it nobody's now?"""
    claim = "oldObject.spec.claimRef"
    known = f"has({claim}) && has({claim}.namespace) && has(oldObject.status.phase)"
    left = "oldObject.status.phase in ['Released', 'Failed']"
    return f"{known} && {claim}.namespace.startsWith('{names.project}-') && {left}"


def _user(names: Names) -> str:
    return f"system:serviceaccount:{names.control}:{NAME}"


def _watched(group: str, resource: str) -> Json:
    operations = ["CREATE", "UPDATE", "DELETE"]
    return {"apiGroups": [group], "apiVersions": ["v1"], "operations": operations, "resources": [resource]}


def _namespace(names: Names, environment: str | None) -> Json:
    name = names.control if environment is None else names.namespace(environment)
    found = _object("", "Namespace", name)
    found["metadata"]["labels"] = {**names.labels(environment), **RESTRICTED}
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
