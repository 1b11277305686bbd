"""``up`` and what a slot is made of on its target: a live slot of another shape is relieved, any other one is left alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from memory_target import B, Place, check_always, settled

from greenroom.services.deliver import Wish, deploy, plan_for
from greenroom.services.target import Target
from greenroom.services.up import up


def of_shape(place: Place, shape: str) -> Target:
    return replace(place.target, shape=shape)


@pytest.mark.parametrize(("before", "after"), [("", "aa"), ("aa", "bb"), ("aa", "")])
def test_a_live_slot_of_another_shape_is_relieved_by_its_own_release(before: str, after: str) -> None:
    place = settled(B)
    deploy(of_shape(place, before), Wish(restart=True))
    live = place.world.live
    assert up(of_shape(place, before)).outcome is None
    assert place.world.live == live
    done = up(of_shape(place, after))
    assert done.outcome is not None
    assert done.serving == place.world.live != live
    assert place.serving == B.id
    check_always(place)
    assert up(of_shape(place, after)).serving == done.serving


def test_values_of_the_app_alone_wait_for_a_deploy() -> None:
    place = settled(B)
    target = replace(of_shape(place, ""), app_values={"APP": "another"})
    assert up(target).outcome is None
    assert plan_for(target, Wish(B))
    live = target.observe().live_slot
    assert live is not None
    assert not target.has_values(live)
    assert of_shape(place, "aa").has_values(live)


def test_a_deploy_of_the_same_release_brings_the_new_shape() -> None:
    place = settled(B)
    assert not plan_for(of_shape(place, ""), Wish(B))
    assert plan_for(of_shape(place, "aa"), Wish(B))
