"""What Greenroom does around a Helm: a small program in its place, and an API server that holds what an older one left."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from listening import Json
from scripted_server import api_of

from greenroom.domain.cluster import ClusterSettings
from greenroom.domain.environment import PRODUCTION, Environment, Tier
from greenroom.domain.errors import Exit, GreenroomError
from greenroom.drivers.kubernetes.api import Api
from greenroom.drivers.kubernetes.database_server import DatabaseServer
from greenroom.drivers.kubernetes.helm import Helm
from greenroom.drivers.kubernetes.names import SLOT, Names
from greenroom.drivers.kubernetes.pods import Pods
from greenroom.drivers.kubernetes.release import OF_A_SLOT, HelmRelease
from greenroom.drivers.kubernetes.service import LiveService
from greenroom.drivers.kubernetes.slots import Slots
from greenroom.drivers.kubernetes.store import Store
from greenroom.drivers.system.real import this_machine

NAMES = Names("shop")
PROGRAM = """#!/bin/sh
[ "$1" = version ] && { echo v4.3.1; exit; }
cat >/dev/null
echo "$1" >>"$RAN"
"""


class Cluster:
    """Of each kind one object of a slot that nobody keeps; of helm, no record."""

    def __init__(self) -> None:
        left = {"metadata": {"name": "shop-production-blue", "labels": {SLOT: "gone.production-1"}}}
        self.there: dict[str, Json] = {NAMES.at(PRODUCTION, kind): left for kind in OF_A_SLOT}
        self.deleted: list[str] = []

    def answer(self, method: str, path: str, token: str) -> tuple[int, Json]:
        """Lists and removals."""
        where = path.rpartition("/")[0]
        if method == "DELETE" and where in self.there:
            self.deleted.append(where.rpartition("/")[2])
            return 200, {}
        if method == "GET" and path.endswith((*OF_A_SLOT, "secrets")):
            found = self.there.get(path)
            return 200, {"items": [found] if found else []}
        return 404, {}


@pytest.fixture
def ran(tmp_path: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    """What helm has been asked for, and the environment in which it is this program."""
    program = tmp_path / "helm"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    yield tmp_path / "ran", {**os.environ, "GREENROOM_HELM": str(program), "RAN": str(tmp_path / "ran")}


def release(api: Api, environ: dict[str, str]) -> HelmRelease:
    """Of an environment without slots."""
    place = Environment(PRODUCTION, Tier.PRODUCTION, "shop.example.org")
    helm, slots = Helm(api, Path("chart"), environ), Slots(Store(api, NAMES))
    live, database = (
        LiveService(api, NAMES),
        DatabaseServer(api, NAMES, Pods(api, NAMES), this_machine().clock),
    )
    return HelmRelease(api, NAMES, helm, slots, live, database, ClusterSettings(), lambda _: place)


def test_what_no_revision_of_helms_knows_of_is_removed(ran: tuple[Path, dict[str, str]]) -> None:
    cluster = Cluster()
    with api_of(cluster.answer) as (api, _, _):
        release(api, ran[1]).record(PRODUCTION)
    assert ran[0].read_text().split() == ["upgrade"]
    assert sorted(cluster.deleted) == sorted(OF_A_SLOT)


def test_helm_is_not_run_by_whoever_has_lost_the_lease(ran: tuple[Path, dict[str, str]]) -> None:
    """Nothing is asked of the API between: it is Helm that would write."""

    def fence() -> None:
        raise GreenroomError("lease-lost", "somebody else has taken over", "", Exit.LOCKED)

    cluster = Cluster()
    with api_of(cluster.answer) as (api, _, _):
        api.fence = fence
        with pytest.raises(GreenroomError, match="taken over"):
            release(api, ran[1]).record(PRODUCTION)
    assert not ran[0].exists()
    assert cluster.deleted == []
