"""What the chart is given: how many pods of which size, and which door stands before a private environment."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from greenroom.domain.cluster import ClusterEdge, ClusterNetwork, ClusterSettings
from greenroom.domain.environment import Access, Admitted, DatabaseKind, Environment, Tier
from greenroom.domain.policy import Policy
from greenroom.domain.project import App
from greenroom.domain.roles import Role, RoleKind
from greenroom.domain.stage import Slot
from greenroom.drivers.kubernetes.cron import for_kubernetes
from greenroom.drivers.kubernetes.quota import quota_of
from greenroom.drivers.kubernetes.size import LIMITS, REQUESTS, Size
from greenroom.drivers.kubernetes.values import Images, shape, snapshot, values

SIZE = Size(App(wsgi="wsgi:app"), (Role("web", RoleKind.WEB),), Policy(), 2)
SLOT = Slot("a-1", "fb-1", "a", 1, "", 0.0)
CHART = Path(__file__).resolve().parents[3] / "deploy" / "chart"
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


def web_of(size: Size) -> dict[str, Any]:
    web: dict[str, Any] = snapshot(SLOT, Images("", ""), "", size, {})["web"]
    return web


def test_the_snapshot_says_what_nginx_takes_in_and_waits_for() -> None:
    web = web_of(replace(SIZE, max_body=5_000_000, read_timeout=0.2))
    assert (web["maxBody"], web["readTimeout"]) == ("5000000", 1)


def test_the_sizes_are_those_of_the_chart_where_nothing_is_said() -> None:
    color = yaml.safe_load((CHART / "files" / "color.yaml").read_text())
    assert color["web"]["resources"] == {"requests": REQUESTS, "limits": LIMITS}
    assert SIZE.resources == {"requests": REQUESTS, "limits": LIMITS}


@pytest.mark.parametrize(
    ("requests", "limits", "asked", "most"),
    [
        ({"memory": "2Gi"}, {}, {"cpu": "100m", "memory": "2Gi"}, {"memory": "2Gi"}),
        ({"memory": "500M"}, {}, {"cpu": "100m", "memory": "500M"}, {"memory": "1Gi"}),
        ({}, {"memory": "128Mi"}, {"cpu": "100m", "memory": "128Mi"}, {"memory": "128Mi"}),
        ({}, {"cpu": "50m"}, {"cpu": "50m", "memory": "256Mi"}, {"memory": "1Gi", "cpu": "50m"}),
    ],
)
def test_no_limit_is_below_its_request(
    requests: dict[str, str], limits: dict[str, str], asked: dict[str, str], most: dict[str, str]
) -> None:
    assert replace(SIZE, requests=requests, limits=limits).resources == {"requests": asked, "limits": most}


def test_an_end_takes_at_least_a_second() -> None:
    roles = (
        Role("web", RoleKind.WEB, stop_timeout=0.4),
        Role("w", RoleKind.WORKER, ("x",), stop_timeout=0.0),
    )
    made = snapshot(SLOT, Images("", ""), "", replace(SIZE, roles=roles), {})
    assert (made["web"]["stopTimeout"], made["drain"]["graceSeconds"]) == (1, 1)
    assert made["roles"][0]["stopTimeout"] == 1


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("0 4 * * *", "0 4 * * *"),
        ("0 4 * * 7", "0 4 * * 0"),
        ("0 4 * * 5-7", "0 4 * * 0,5,6"),
        ("0 4 * * 0-7", "0 4 * * 0,1,2,3,4,5,6"),
        ("0 4 * * 1-7/2", "0 4 * * 0,1,3,5"),
        ("0 4 * * Mon,7", "0 4 * * mon,0"),
        ("0 4 * * fri-7", "0 4 * * 0,5,6"),
        ("7 7 7 7 1-5", "7 7 7 7 1-5"),
        ("0 4 * * */7", "0 4 * * */7"),
    ],
)
def test_sunday_is_the_day_that_kubernetes_knows(line: str, told: str) -> None:
    assert for_kubernetes(line) == told


@pytest.mark.parametrize(
    ("place", "size", "settings"),
    [
        (replace(PLACE, access=Access.PRIVATE), SIZE, ClusterSettings()),
        (replace(PLACE, host="other.example"), SIZE, ClusterSettings()),
        (PLACE, replace(SIZE, replicas=3), ClusterSettings()),
        (PLACE, replace(SIZE, limits={"memory": "2Gi"}), ClusterSettings()),
        (PLACE, replace(SIZE, max_body=1), ClusterSettings()),
        (PLACE, SIZE, ClusterSettings(edge=ClusterEdge(ranges=("192.0.2.0/24",)))),
        (PLACE, SIZE, ClusterSettings(network=ClusterNetwork(edge_namespaces=("edge",)))),
        (PLACE, SIZE, ClusterSettings(pull_secret="registry")),
    ],
)
def test_another_door_or_size_is_another_shape(
    place: Environment, size: Size, settings: ClusterSettings
) -> None:
    before = shape("shop", PLACE, ClusterSettings(), SIZE)
    assert before == shape("shop", PLACE, ClusterSettings(), replace(SIZE))
    assert shape("shop", place, settings, size) != before


def test_addresses_of_a_private_one_change_its_shape() -> None:
    edge = ClusterSettings(edge=ClusterEdge(ranges=("192.0.2.0/24",)))
    shut = replace(PLACE, access=Access.PRIVATE)
    let_in = replace(shut, admitted=Admitted(allow_ips=("198.51.100.1",)))
    assert shape("shop", shut, edge, SIZE) != shape("shop", let_in, edge, SIZE)


def test_a_review_has_room_for_two_slots_and_what_stands_beside_them() -> None:
    roles = (*SIZE.roles, Role("mailer", RoleKind.WORKER, ("x",), processes=2))
    size = replace(SIZE, roles=roles, limits={"memory": "2Gi"})
    made = quota_of(replace(PLACE, database=DatabaseKind.CHART), size, {})
    # Three times two pods of 2 GiB and 128 MiB, twice two workers, three jobs, the page, the database.
    assert made["limits.memory"] == f"{6 * 2176 + 4 * 2048 + 3 * 512 + 64 + 512}Mi"
    assert made["pods"] == str(6 + 4 + 3 + 1 + 1)
    assert quota_of(PLACE, size, {"pods": "9"})["pods"] == "9"
    assert quota_of(replace(PLACE, tier=Tier.PRODUCTION), size, {"pods": "9"}) == {}
