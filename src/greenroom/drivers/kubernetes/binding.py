"""An account that may make namespaces binds itself to its one role in each of them; whoever may work there anyway does not."""

from __future__ import annotations

from typing import Protocol

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.drivers.kubernetes.api import Api, Json
from greenroom.drivers.kubernetes.names import Names
from greenroom.drivers.kubernetes.rights import environment_role
from greenroom.ports import Clock

REVIEW = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
WHO = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
RBAC = "rbac.authorization.k8s.io"
HEARD_SECONDS = 20.0
"""How long the API server may take until it has heard of a new binding (it reads them by a watch)."""

BETWEEN_SECONDS = 0.1


class Asked(Protocol):
    """What asking for a right needs of the API."""

    def create(self, path: str, body: Json) -> Json:
        """Make a review."""


def may(api: Asked, namespace: str, group: str, resource: str, verb: str, name: str = "") -> bool:
    """May this account do it? An empty namespace: in all of them. ``resource`` may have a part behind a slash."""
    kind, _, part = resource.partition("/")
    asked = {"group": group, "resource": kind, "subresource": part, "verb": verb, "name": name}
    spec = {"resourceAttributes": {**asked, "namespace": namespace}}
    body: Json = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": spec}
    return bool((api.create(REVIEW, body).get("status") or {}).get("allowed"))


def bind_self(api: Api, names: Names, environment: str, clock: Clock) -> None:
    """Be bound in the environment's namespace, unless secrets can be made there already, and wait until that is so."""
    where = names.namespace(environment)
    if _works(api, where):
        return
    body: Json = {"apiVersion": f"{RBAC}/v1", "kind": "RoleBinding"}
    body["metadata"] = {"name": "greenroom", "labels": names.labels(environment)}
    body["roleRef"] = {"apiGroup": RBAC, "kind": "ClusterRole", "name": environment_role(names)}
    body["subjects"] = [_self(api)]
    api.apply(f"/apis/{RBAC}/v1/namespaces/{where}/rolebindings/greenroom", body)
    until = clock.monotonic() + HEARD_SECONDS
    while not _works(api, where):
        if clock.monotonic() >= until:
            raise GreenroomError(
                "no-right",
                f"this account is bound to {environment_role(names)} in {where}, and may make no secret there",
                "greenroom cluster account | kubectl apply -f -",
                Exit.USAGE,
            )
        clock.sleep(BETWEEN_SECONDS)


def _works(api: Api, where: str) -> bool:
    return may(api, where, "", "secrets", "create")


def _self(api: Api) -> Json:
    body: Json = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    user = str(api.create(WHO, body)["status"]["userInfo"]["username"])
    prefix, _, account = user.partition("system:serviceaccount:")
    if account and not prefix:
        namespace, _, name = account.partition(":")
        return {"kind": "ServiceAccount", "name": name, "namespace": namespace}
    return {"kind": "User", "name": user, "apiGroup": RBAC}
