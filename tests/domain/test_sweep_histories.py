"""Random histories of branches, deploys and sweeps: nothing that is in use goes, everything that is due does."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from greenroom.domain.environment import Tier
from greenroom.domain.record import Record, State
from greenroom.domain.sweeping import BranchSeen, judge
from greenroom.drivers.memory import MemoryForge
from histories import RULES, History

HISTORIES = int(os.environ.get("GREENROOM_HISTORIES", "1000"))


class MemoryHistory(History):
    """Now and then nothing can be read."""

    def __init__(self, seed: int) -> None:
        self.forge = MemoryForge()
        super().__init__(seed, self.forge, lambda: self.forge, self.forge.at)

    def upset(self) -> None:
        self.forge.failing = "away" if self.rng.random() < 0.15 else ""

    def calm(self) -> None:
        self.forge.failing = ""


@pytest.mark.parametrize("block", range(10))
def test_random_histories(block: int) -> None:
    removed = unread = 0
    for seed in range(block * HISTORIES // 10, (block + 1) * HISTORIES // 10):
        history = MemoryHistory(seed)
        history.run()
        removed += history.removed
        unread += history.unread
    assert removed > HISTORIES // 10
    assert unread > HISTORIES // 100


def test_at_most_the_cap_goes_the_begun_ones_first() -> None:
    records = tuple(
        Record(f"fb-{n}", RULES[0].name, f"x/AFO-{n}_a", Tier.REVIEW, "h", float(n), State.READY)
        for n in range(5)
    )
    records = (*records[:4], replace(records[4], state=State.GOING))
    seen = {r.owner: BranchSeen(None) for r in records}
    verdicts = judge(records, RULES, seen, 10.0, 2)
    assert {v.name for v in verdicts if v.goes} == {"fb-4", "fb-0"}
    assert [v.reason for v in verdicts if not v.goes] == [
        f"later: at most 2 go in one run (the branch x/AFO-{n}_a is gone)" for n in (1, 2, 3)
    ]


def test_what_cannot_be_told_never_goes() -> None:
    record = Record("fb-1", RULES[0].name, "x/AFO-1_a", Tier.REVIEW, "h", 1.0, State.READY, 1.0, "c", "c")
    for seen in (
        None,
        {},
        {record.owner: BranchSeen("c", None, None)},
        {record.owner: BranchSeen("c", True, None)},
    ):
        assert not judge((record,), RULES, seen, 2.0, 9)[0].goes
    fixed = replace(record, owner="")
    assert not judge((fixed,), RULES, {}, 1e12, 9)[0].goes
