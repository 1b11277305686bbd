"""What the chart is given: how many pods, and which door stands before a private environment."""

from __future__ import annotations

from dataclasses import replace

import pytest

from greenroom.domain.cluster import ClusterEdge, ClusterSettings
from greenroom.domain.environment import Access, Environment, Tier
from greenroom.domain.policy import Policy
from greenroom.domain.project import App
from greenroom.domain.roles import Role, RoleKind
from greenroom.drivers.kubernetes.values import Size, values

SIZE = Size(App(wsgi="wsgi:app"), (Role("web", RoleKind.WEB),), Policy(), 2)
SIGN_IN = ClusterEdge(auth_url="http://o.auth.svc:4180/oauth2/auth", sign_in_url="/oauth2/start")
PLACE = Environment("fb-1", Tier.REVIEW, host="fb-1.shop.example")


@pytest.mark.parametrize(("most", "decides"), [(0, False), (2, False), (3, True)])
def test_the_autoscaler_decides_only_where_there_is_something_to_decide(most: int, decides: bool) -> None:
    size = replace(SIZE, max_replicas=most, cpu_percent=60)
    assert size.autoscale == (
        {"autoscale": {"enabled": True, "min": 2, "max": 3, "cpu": 60}} if decides else {}
    )


@pytest.mark.parametrize(
    ("access", "edge", "mode"),
    [
        (Access.PUBLIC, SIGN_IN, "public"),
        (Access.PRIVATE, ClusterEdge(), "basic"),
        (Access.PRIVATE, SIGN_IN, "oidc"),
    ],
)
def test_a_private_environment_always_has_a_door(access: Access, edge: ClusterEdge, mode: str) -> None:
    told = values("shop", replace(PLACE, access=access), ClusterSettings(edge=edge), [], "none")["access"]
    assert told["mode"] == mode
    assert ("htpasswdSecret" in told) == (access is Access.PRIVATE)
    assert told.get("authUrl", "") == (edge.auth_url if mode == "oidc" else "")
