"""Secrets on a cluster: nobody's are taken for somebody else's, and of two who give some at once neither loses any."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from small_server import Server, serving_at

from greenroom.domain.environment import Tier
from greenroom.domain.secret import Secret
from greenroom.domain.secrets import SHARED, tier_scope
from greenroom.drivers.kubernetes.api import Api
from greenroom.drivers.kubernetes.names import Names
from greenroom.drivers.kubernetes.reaching import Cluster
from greenroom.drivers.kubernetes.secrets import AppSecrets, given_secrets, own_secrets
from greenroom.drivers.kubernetes.store import Store
from greenroom.drivers.system.clock import SystemClock

Json = dict[str, Any]
REVIEWS = tier_scope(Tier.REVIEW)
WHERE = "/api/v1/namespaces/greenroom-shop/secrets"


class Shelf(Server):
    """Secrets with their versions; everything else is there."""

    def __init__(self) -> None:
        super().__init__("v1.36.0", [])
        self.kept: dict[str, Json] = {}
        self.count = 0
        self.turn = threading.Lock()

    def answer(self, method: str, target: str, body: Json | None) -> tuple[int, Json]:
        path, name = target.partition("?")[0], target.rpartition("/")[2].partition("?")[0]
        if not path.startswith(WHERE):
            return 200, {}
        with self.turn:
            if method == "GET":
                every = {"items": list(self.kept.values())}
                found = every if path == WHERE else self.kept.get(name)
                return (404, {}) if found is None else (200, found)
            return self._changed(method, name, body)

    def _changed(self, method: str, name: str, body: Json | None) -> tuple[int, Json]:
        if method == "DELETE":
            return (200, {}) if self.kept.pop(name, None) else (404, {})
        assert body is not None
        metadata = body["metadata"]
        before = self.kept.get(metadata["name"])
        version = before and before["metadata"]["resourceVersion"]
        if version != metadata.get("resourceVersion"):
            return 409, {"message": "it has been modified"}
        self.put(body)
        return 200, body

    def put(self, body: Json) -> None:
        self.count += 1
        body["metadata"]["resourceVersion"] = str(self.count)
        self.kept[body["metadata"]["name"]] = body


@pytest.fixture
def store() -> Iterator[Store]:
    with serving_at(Shelf()) as port:
        api = Api(lambda: Cluster("127.0.0.1", port, None, {}), SystemClock(), print)
        yield Store(api, Names("shop"))
        api.close()


def plain(values: Any) -> dict[str, str]:
    return {name: value.reveal() for name, value in values.items()}


@pytest.mark.parametrize(("environment", "scope"), [("shared", SHARED), ("tier-review", REVIEWS)])
def test_an_environment_that_is_called_like_a_scope_has_its_own(
    store: Store, environment: str, scope: str
) -> None:
    given, app = given_secrets(store), AppSecrets(store, str)
    given.put(scope, "FOR_SEVERAL", Secret("several"))
    given.put(environment, "FOR_ONE", Secret("one"))
    assert plain(given.values(scope)) == {"FOR_SEVERAL": "several"}
    assert plain(given.values(environment)) == {"FOR_ONE": "one"}
    assert app.residue(environment) == (f"secret given-{environment}",)
    app.remove(environment)
    assert app.residue(environment) == ()
    assert plain(given.values(scope)) == {"FOR_SEVERAL": "several"}
    assert given.values(environment) == {}


def test_of_two_who_give_at_once_neither_loses_any(store: Store) -> None:
    def give(who: str) -> None:
        for n in range(8):
            given_secrets(store).put(SHARED, f"{who}_{n}", Secret(who))

    threads = [threading.Thread(target=give, args=(who,)) for who in ("ANNA", "BERT")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(given_secrets(store).values(SHARED)) == 16


def test_a_key_that_two_make_at_once_is_one(store: Store) -> None:
    made: list[str] = []
    threads = [
        threading.Thread(
            target=lambda: made.append(own_secrets(store, "fb-1").get_or_make("SECRET_KEY").reveal())
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 4
    assert len(set(made)) == 1
