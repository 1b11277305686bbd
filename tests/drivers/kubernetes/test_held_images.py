"""Nothing is launched before the images are held for the environment."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, cast

import pytest
from listening import Json
from scripted_server import api_of

from greenroom.domain.errors import GreenroomError
from greenroom.domain.release import Release
from greenroom.drivers.kubernetes.names import Names
from greenroom.drivers.kubernetes.slots import Slots
from greenroom.drivers.kubernetes.stage import KubernetesStage
from greenroom.drivers.kubernetes.store import Store
from greenroom.drivers.kubernetes.values import Images

RELEASE = Release("0123456789ab", "0" * 64, "c" * 40, "a change", "me", 0.0)
UNUSED = cast("Any", None)


class Refusing:
    """A registry that takes no tag."""

    def bring(self, environment: str, release: Release) -> Images:
        raise GreenroomError("registry", f"no tag for {release.id} in {environment}", "look at it")

    def keep(self, environment: str, releases: Collection[str]) -> None:
        """Holds nothing."""


def test_a_registry_that_takes_no_tag_keeps_a_launch_from_beginning() -> None:
    def answer(method: str, _path: str, _token: str) -> tuple[int, Json]:
        assert method == "GET", "nothing may be changed"
        return 200, {"items": []}

    with api_of(answer) as (api, asked, clock):
        names = Names("shop")
        slots = Slots(Store(api, names))
        parts = (UNUSED, UNUSED, UNUSED, clock, UNUSED)
        stage = KubernetesStage(api, names, slots, *parts, Refusing(), UNUSED)
        for launch in (
            lambda: stage.stage("fb-1", RELEASE),
            lambda: stage.launch("fb-1", RELEASE, "0123456789ab.fb-1-1", "c", {}),
        ):
            with pytest.raises(GreenroomError) as refused:
                launch()
            assert refused.value.code == "registry"
        assert all(line.startswith("GET ") for line in asked)
