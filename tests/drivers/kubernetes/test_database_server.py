"""The pod of an environment's own database: it rests and comes back by its StatefulSet, and nothing is done where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from small_server import Server, serving_at

from greenroom.domain.cluster import ClusterSettings
from greenroom.domain.environment import DatabaseKind, Environment, Tier
from greenroom.domain.errors import GreenroomError
from greenroom.drivers.kubernetes.api import Api
from greenroom.drivers.kubernetes.database_server import DatabaseServer
from greenroom.drivers.kubernetes.names import Names
from greenroom.drivers.kubernetes.pods import Pods
from greenroom.drivers.kubernetes.reaching import Cluster
from greenroom.drivers.kubernetes.values import values
from greenroom.drivers.system.clock import SystemClock

Json = dict[str, Any]
CRASHED = {"name": "database", "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}}}


class Sets(Server):
    """One StatefulSet, or none; its controller hears of a change two looks later. ``crashes``: its pod does not start."""

    def __init__(self, replicas: int | None, crashes: bool = False) -> None:
        super().__init__("v1.36.0", [])
        self.replicas, self.crashes = replicas, crashes
        self.generation, self.looks, self.changes = 1, 2, 0

    def answer(self, method: str, target: str, body: Json | None) -> tuple[int, Json]:
        if "/log?" in target:
            return 200, {"last": "words"}
        if "/pods" in target:
            pod = {"metadata": {"name": "database-0"}, "status": {"containerStatuses": [CRASHED]}}
            return 200, {"items": [pod] if self.crashes else []}
        if self.replicas is None:
            return 404, {}
        if method == "PATCH":
            assert body is not None
            self.replicas, self.looks = body["spec"]["replicas"], 0
            self.generation += 1
            self.changes += 1
        self.looks += 1
        heard = self.looks > 2
        before = 0 if self.replicas else 1
        ready = 0 if self.crashes else self.replicas if heard else before
        status = {"observedGeneration": self.generation - (not heard), "readyReplicas": ready}
        metadata = {"name": "database", "generation": self.generation}
        return 200, {"metadata": metadata, "spec": {"replicas": self.replicas}, "status": status}


@contextmanager
def of(sets: Sets) -> Iterator[DatabaseServer]:
    with serving_at(sets) as port:
        api = Api(lambda: Cluster("127.0.0.1", port, None, {}), SystemClock(), print)
        names = Names("shop")
        yield DatabaseServer(api, names, Pods(api, names), SystemClock())
        api.close()


def test_it_rests_and_comes_back() -> None:
    sets = Sets(1)
    with of(sets) as server:
        assert server.replicas("fb-1") == 1
        server.rest("fb-1")
        assert server.replicas("fb-1") == 0
        server.start("fb-1")
        assert server.replicas("fb-1") == 1
        assert sets.looks > 2, "a count from before the change was believed"
        server.start("fb-1")
    assert sets.changes == 2


def test_where_there_is_none_nothing_is_done() -> None:
    sets = Sets(None)
    with of(sets) as server:
        server.rest("fb-1")
        server.start("fb-1")
        assert server.replicas("fb-1") == 1
    assert sets.changes == 0


def test_one_that_does_not_start_is_told_with_its_last_words() -> None:
    with of(Sets(0, crashes=True)) as server, pytest.raises(GreenroomError) as told:
        server.start("fb-1")
    assert "the database of fb-1 does not start: it ends again and again" in told.value.message
    assert "words" in told.value.details


@pytest.mark.parametrize("replicas", [0, 1])
def test_the_chart_is_told_what_is(replicas: int) -> None:
    place = Environment("fb-1", Tier.REVIEW, "fb-1.shop.example", database=DatabaseKind.CHART)
    told = values("shop", place, ClusterSettings(), [], "none", database=replicas)["database"]
    assert (told["mode"], told["replicas"]) == ("own", replicas)
