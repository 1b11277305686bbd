"""The API server away, in part or whole, and tokens that run out: over real HTTP, with a clock that does not wait."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from listening import Json
from scripted_server import HastyClock, api_of, serving

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.drivers.kubernetes.answers import PATIENCE_SECONDS, QUICK_TRIES
from greenroom.drivers.kubernetes.api import Api
from greenroom.drivers.kubernetes.objects import ClusterObjects
from greenroom.drivers.kubernetes.reaching import Cluster
from greenroom.drivers.kubernetes.residue import held_in, left_of

AWAY = 503, {"message": "the server is starting"}
UNKNOWN = 401, {"kind": "Status", "message": "Unauthorized"}
DEAD = "/apis/metrics.k8s.io/v1beta1"


@pytest.mark.parametrize("verb", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_change_is_fenced_at_each_try(verb: str) -> None:
    """The server comes back when somebody else has the lease: nothing is written any more."""
    with api_of(lambda method, path, token: AWAY) as (api, asked, clock):

        def fence() -> None:
            if clock.at > 15.0:
                raise GreenroomError("lease-lost", "somebody else has taken over", "", Exit.LOCKED)

        api.fence = fence
        writes: dict[str, Callable[[], object]] = {
            "POST": lambda: api.create("/api/v1/things", {}),
            "PUT": lambda: api.replace("/api/v1/things/one", {}),
            "PATCH": lambda: api.patch("/api/v1/things/one", {}),
            "DELETE": lambda: api.delete("/api/v1/things/one"),
        }
        with pytest.raises(GreenroomError) as raised:
            writes[verb]()
        assert raised.value.code == "lease-lost"
        assert 15.0 < clock.at < 17.0
        assert {a.split()[0] for a in asked} == {verb}


def test_the_leases_own_renewal_is_not_fenced() -> None:
    """It is what the fence waits for."""
    with api_of(lambda method, path, token: (200, {})) as (api, asked, _):
        api.fence = lambda: pytest.fail("asked by the fence itself")
        api.replace("/api/v1/lease", {}, fenced=False)
        assert asked == ["PUT /api/v1/lease"]


def test_the_server_itself_is_waited_for() -> None:
    with api_of(lambda method, path, token: AWAY) as (api, _, clock), pytest.raises(GreenroomError) as raised:
        api.get("/api/v1/namespaces")
    assert raised.value.code == "cluster-away"
    assert clock.at > PATIENCE_SECONDS


INSIDE = ("/api/v1/namespaces/shop-fb/secrets/one", "/apis/batch/v1/namespaces/shop-fb/jobs/one")


@pytest.mark.parametrize("path", INSIDE)
@pytest.mark.parametrize("namespace", [404, 200, 403])
def test_what_may_not_be_looked_at_is_gone_only_with_its_namespace(path: str, namespace: int) -> None:
    """An account's binding in a namespace goes with it: the server refuses then, and does not say that nothing is there."""

    def answer(method: str, asked: str, token: str) -> tuple[int, Json]:
        return (
            (403, {"message": "forbidden"})
            if asked.partition("?")[0] in (path, INSIDE[0])
            else (namespace, {})
        )

    with api_of(answer) as (api, asked, _):
        if namespace == 404:
            assert api.get(path) is None
            assert api.delete(path) is False
            assert api.items(path) == []
        else:
            with pytest.raises(GreenroomError) as raised:
                api.get(path)
            assert raised.value.code == "no-right"
        assert "GET /api/v1/namespaces/shop-fb" in asked


def test_a_log_on_a_lost_node_is_not() -> None:
    """The server says 500 of a kubelet that it does not reach."""
    lost = 500, {"message": "dial tcp 10.0.0.7:10250: connect: no route to host"}
    with api_of(lambda method, path, token: lost) as (api, asked, clock):
        with pytest.raises(GreenroomError, match="no route to host") as raised:
            api.text("/api/v1/namespaces/shop/pods/web/log?container=web")
        assert raised.value.code == "not-seen"
        assert len(asked) == QUICK_TRIES
        assert clock.at < 2.0


class Tokens:
    """A server that knows the newest token only."""

    def __init__(self) -> None:
        self.given = 0
        self.good = 1

    def answer(self, method: str, path: str, token: str) -> tuple[int, Json]:
        """401 to whoever has an older one."""
        return (200, {"token": token}) if token == f"Bearer {self.good}" else UNKNOWN

    def cluster(self, port: int) -> Cluster:
        """As a program of the kubeconfig gives it."""
        self.given += 1
        return Cluster("127.0.0.1", port, None, {"Authorization": f"Bearer {self.given}"})


def test_a_token_that_has_run_out_is_asked_for_again() -> None:
    tokens = Tokens()
    with serving(tokens.answer) as (port, asked):
        api = Api(lambda: tokens.cluster(port), HastyClock(), print)
        assert api.get("/api/v1/one") == {"token": "Bearer 1"}
        tokens.good = 2
        assert api.get("/api/v1/two") == {"token": "Bearer 2"}
        assert api.get("/api/v1/three") == {"token": "Bearer 2"}
        tokens.good = 3
        assert api.ask("/api/v1/namespaces/x/pods/y:8081/proxy/", {}, 5.0).status == 200
        tokens.good = 4
        assert [json.loads(line)["token"] for line in api.lines("/api/v1/log")] == ["Bearer 4"]
        assert tokens.given == 4
        tokens.good = 99
        with pytest.raises(GreenroomError) as raised:
            api.get("/api/v1/four")
        assert raised.value.code == "no-right"
        assert asked.count("GET /api/v1/four") == 2
        api.close()


def test_a_pod_that_says_401_is_not_asked_twice() -> None:
    """It is the app that does not know the visitor."""
    with api_of(lambda method, path, token: (401, {"error": "sign in"})) as (api, asked, _):
        assert api.ask("/api/v1/namespaces/x/pods/y:8081/proxy/", {}, 5.0).status == 401
        assert len(asked) == 1


def without_metrics(method: str, path: str, token: str) -> tuple[int, Json]:
    """A server whose metrics API is registered, and away."""
    if path == DEAD:
        return 503, {"message": "service unavailable"}
    if path == "/apis":
        version = {"groupVersion": "metrics.k8s.io/v1beta1"}
        queues = {"groupVersion": "example.org/v1"}
        return 200, {
            "groups": [
                {"name": "other.io", "versions": [version], "preferredVersion": version},
                {"name": "example.org", "versions": [queues], "preferredVersion": queues},
            ]
        }
    if path == "/apis/example.org/v1":
        kind = {"name": "queues", "kind": "Queue", "namespaced": True, "verbs": ["list"]}
        return 200, {"resources": [kind]}
    if path.endswith("/queues"):
        held = {
            "name": "orders",
            "finalizers": ["example.org/keep"],
            "deletionTimestamp": "2026-11-01T00:00:00Z",
        }
        return 200, {"items": [{"metadata": held}]}
    return (404, {}) if path.startswith("/api/v1/namespaces/") else (200, {"resources": [], "items": []})


def test_a_dead_part_of_the_api_hides_nothing_else_and_counts_as_unknown() -> None:
    with api_of(without_metrics) as (api, _, clock):
        held = held_in(api, "shop-fb")
        left = left_of(api, "shop-fb", {"greenroom.dev/project": "shop"})
        assert clock.at < 10.0
    assert held[0] == "queues orders (example.org/keep)"
    assert DEAD in held[1]
    assert any(one.startswith("unknown: ") and DEAD in one for one in left), left


def test_an_export_goes_on_without_it_and_says_so() -> None:
    with api_of(without_metrics) as (api, _, clock):
        seen = ClusterObjects(api).objects("shop")
        assert clock.at < 10.0
    assert [one["metadata"]["name"] for one in seen.objects] == ["orders"]
    assert seen.unread == ("metrics.k8s.io/v1beta1",)
