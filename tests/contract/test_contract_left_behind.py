"""What a command that was killed had begun on a cluster, and nobody would name again: the next one removes it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing

import cluster
import cluster_stand as stand
import pytest

from greenroom.domain.environment import PRODUCTION
from greenroom.domain.errors import Exit, GreenroomError
from greenroom.drivers.kubernetes.api import Api
from greenroom.drivers.kubernetes.errands import KEPT_SECONDS, Errands
from greenroom.drivers.kubernetes.kubeconfig import cluster_of
from greenroom.drivers.kubernetes.names import COLOR, ROLE, Names
from greenroom.drivers.kubernetes.service import MAINTENANCE
from greenroom.drivers.kubernetes.slots import Slots
from greenroom.drivers.kubernetes.standin import StandIn
from greenroom.drivers.kubernetes.store import Store
from greenroom.drivers.system.clock import SystemClock

pytestmark = pytest.mark.timeout(300)

NAMES = Names(f"left-{os.getpid()}")
NO_IMAGE = "registry.invalid/none:1"


class Later(SystemClock):
    """After the time in which an errand that was not started may still be somebody's."""

    def now(self) -> float:
        """Seconds since the epoch."""
        return super().now() + KEPT_SECONDS + 60.0


@pytest.fixture
def api() -> Iterator[Api]:
    cluster.require()
    with closing(Api(lambda: cluster_of(os.environ), SystemClock(), print)) as made:
        yield made
        for namespace in (NAMES.control, NAMES.namespace(PRODUCTION)):
            stand.kubectl("delete", "namespace", namespace, "--ignore-not-found", "--wait=false")


def errand(api: Api, name: str, clock: SystemClock) -> None:
    """One whose pod cannot start."""
    errands = Errands(api, NAMES, Store(api, NAMES), clock, None)
    errands.run(name, "", NO_IMAGE, ("psql",), {}, {"service": "password=secret"})


def there(namespace: str, kinds: str) -> list[str]:
    """Names of errands' things."""
    listed = stand.kubectl("-n", namespace, "get", kinds, "-l", f"{ROLE}=errand", "-o", "json")
    return sorted(f"{o['kind']} {o['metadata']['name']}" for o in json.loads(listed)["items"])


def test_an_errand_that_was_never_started(api: Api) -> None:
    """Its Job is suspended, and its Secret has an address in it; its name never comes again."""
    Store(api, NAMES).ensure()
    left = 2

    def killed() -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise GreenroomError("killed", "killed", "", Exit.FAILED)

    api.fence = killed
    with pytest.raises(GreenroomError, match="killed"):
        errand(api, "databases-0a1b2c3d", SystemClock())
    api.fence = lambda: None
    assert there(NAMES.control, "jobs,secrets") == ["Job databases-0a1b2c3d", "Secret databases-0a1b2c3d"]
    with pytest.raises(GreenroomError, match="cannot be pulled"):
        errand(api, "databases-4e5f6a7b", SystemClock())
    assert there(NAMES.control, "jobs,secrets") == ["Job databases-0a1b2c3d", "Secret databases-0a1b2c3d"]
    with pytest.raises(GreenroomError, match="cannot be pulled"):
        errand(api, "databases-8c9d0e1f", Later())
    assert there(NAMES.control, "jobs,secrets") == []


def test_pages_of_a_stand_in_that_is_gone(api: Api) -> None:
    """Killed between the Deployment and its ConfigMap, on the way there or back."""
    where = NAMES.namespace(PRODUCTION)
    stand.kubectl("create", "namespace", where)
    labels = {**NAMES.labels(PRODUCTION), COLOR: MAINTENANCE, ROLE: "web"}
    labels["app.kubernetes.io/instance"] = NAMES.release(PRODUCTION)
    for name, more in (("page", labels), ("others", {})):
        api.create(NAMES.at(PRODUCTION, "configmaps"), {"metadata": {"name": name, "labels": more}})
    store = Store(api, NAMES)
    StandIn(api, NAMES, Slots(store), SystemClock(), str).remove(PRODUCTION)
    found = stand.kubectl("-n", where, "get", "configmaps", "-o", "name").split()
    assert "configmap/page" not in found
    assert "configmap/others" in found
