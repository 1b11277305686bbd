"""The local target on a seeded machine: kills, power cuts, races, clocks that jump, a full disk; a share of each.

The long form is ``make simulate``; a failing run tells its seed, and ``scripts/simulate --seed N`` replays it.
"""

from __future__ import annotations

import pytest

from greenroom.testing.machine.profiles import PROFILES
from greenroom.testing.machine.stories import RELEASES
from greenroom.testing.machine.trials import trial

EACH = 6
"""Trials of every profile in the suite."""


@pytest.mark.parametrize("profile", range(len(PROFILES)), ids=[p.name for p in PROFILES])
def test_order_comes_back(profile: int) -> None:
    steps = 0
    for number in range(EACH):
        done = trial(profile + number * len(PROFILES), RELEASES)
        steps += done.sim.scheduler.steps
        assert done.rules.checked > 0
        assert done.sim.edge.served > 100
    assert steps > EACH * 1_000


def test_a_seed_replays_to_the_letter() -> None:
    one, two = trial(4, RELEASES), trial(4, RELEASES)
    assert list(one.sim.scheduler.story) == list(two.sim.scheduler.story)
    assert (one.sim.scheduler.steps, one.counts) == (two.sim.scheduler.steps, two.counts)
