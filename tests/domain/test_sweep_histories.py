"""Random histories of branches, deploys and sweeps: nothing that is in use goes, everything that is due does."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from greenroom.domain.environment import Environment, Tier
from greenroom.domain.record import Record, State
from greenroom.domain.rules import Rule, resolve
from greenroom.domain.sweeping import BranchSeen, Merge, beyond_now, judge
from greenroom.drivers.memory import MemoryForge
from greenroom.drivers.memory.forge import TARGET

HISTORIES = int(os.environ.get("GREENROOM_HISTORIES", "1000"))
RULES = (
    Rule(
        Environment("fb-{issue}", Tier.REVIEW, "{name}.example.org", ttl=30 * 86400.0), ("*/AFO-{issue}_*",)
    ),
)
NAMES = [f"{who}/AFO-{issue}_{text}" for who in ("anna", "bob") for issue in (1, 2, 3) for text in ("a", "b")]


@dataclass
class Known:
    """What a person at the team would say of one environment, from what happened to its branch."""

    deployed: float
    own: set[str] = field(default_factory=set)
    """Commits that were seen outside the target at a deploy or a sweep since the last deploy, the latest only."""


class History:
    """One team's days. The judge sees records and the forge; ``due`` is told from the events themselves."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.forge = MemoryForge()
        self.records: dict[str, Record] = {}
        self.known: dict[str, Known] = {}
        self.now = 0.0
        self.removed = 0

    def run(self, days: int = 40) -> None:
        for _ in range(days):
            self.now += self.rng.choice([60.0, 3600.0, 86400.0, 5 * 86400.0])
            self.forge.now = self.now
            self.rng.choice(self.events())()
            if self.rng.random() < 0.3:
                self.sweep()
        self.sweep()

    def events(self) -> list[Callable[[], object]]:
        mine = [b for b in self.forge.heads if b != TARGET]
        new = [n for n in NAMES if n not in mine]
        found: list[Callable[[], object]] = [lambda: self.forge.commit(TARGET)]
        if new:
            found += [lambda: self.forge.branch(self.rng.choice(new))] * 3
        if mine:
            b = self.rng.choice(mine)
            found += [lambda: self.deploy(b)] * 5 + [lambda: self.forge.commit(b)] * 4
            found += [lambda: self.forge.merge(b)] * 2 + [lambda: self.forge.delete(b)]
            found += [lambda: self.forge.force_push(b, self.forge.heads[TARGET])]
            found += [lambda: self.rewrite(b)]
            if new:
                found += [lambda: self.forge.rename(b, self.rng.choice(new))]
            if self.forge.opened(b):
                found += [lambda: self.forge.accept_request(b, self.rng.random() < 0.5)] * 2
                found += [lambda: self.forge.close_request(b)]
            else:
                found += [lambda: self.forge.open_request(b)] * 2
                if any(r.branch == b and r.state is Merge.CLOSED for r in self.forge.merge_requests.values()):
                    found += [lambda: self.forge.reopen_request(b)]
        return found

    def rewrite(self, branch: str) -> None:
        """Force-push one new commit on top of the target."""
        self.forge.force_push(branch, self.forge.heads[TARGET])
        self.forge.commit(branch)

    def deploy(self, branch: str) -> None:
        found = resolve(RULES, branch, {r.name: r.owner for r in self.records.values()})
        assert found.rule is not None
        for other in self.records.values():
            assert (other.owner == branch) == (other.name == found.name)
        tip = self.forge.heads[branch]
        outside = not self.forge.is_merged(tip)
        record = self.records.get(found.name) or Record(
            found.name, RULES[0].name, branch, Tier.REVIEW, "h", self.now, State.READY
        )
        self.records[found.name] = replace(
            record, deployed_at=self.now, commit=tip, beyond=tip if outside else None
        )
        self.known[found.name] = Known(self.now, {tip} if outside else set())

    def sweep(self) -> None:
        trouble = self.rng.random()
        if trouble < 0.15:
            assert not any(v.goes for v in judge(tuple(self.records.values()), RULES, None, self.now, 99))
            return
        seen = {r.owner: self.seen(r) for r in self.records.values()}
        self.records = {n: replace(r, beyond=beyond_now(r, seen[r.owner])) for n, r in self.records.items()}
        for name, record in self.records.items():
            tip = self.forge.heads.get(record.owner)
            if tip is not None and not self.forge.is_merged(tip):
                self.known[name].own = {tip}
        should = {name for name in self.records if self.due(name)}
        verdicts = judge(tuple(self.records.values()), RULES, seen, self.now, 99)
        told = {v.name for v in verdicts if v.goes}
        assert told == should, [
            (v, self.known[v.name]) for v in verdicts if (v.name in told) != (v.name in should)
        ]
        assert all(v.reason for v in verdicts)
        for name in told:
            del self.records[name], self.known[name]
        self.removed += len(told)

    def seen(self, record: Record) -> BranchSeen:
        tip = self.forge.heads.get(record.owner)
        beyond = self.forge.is_merged(record.beyond) if record.beyond else None
        requests = tuple(r for r in self.forge.requests() if r.branch == record.owner)
        return BranchSeen(tip, self.forge.is_merged(tip) if tip else None, beyond, requests)

    def due(self, name: str) -> bool:
        """The team's own words, from the graph itself."""
        owner, known = self.records[name].owner, self.known[name]
        if owner not in self.forge.heads:
            return True
        if self.now >= known.deployed + 30 * 86400.0:
            return True
        requests = [r for r in self.forge.merge_requests.values() if r.branch == owner]
        if any(r.state is Merge.OPEN for r in requests):
            return False
        if any(r.at > known.deployed for r in requests):
            return True
        target = self.forge._history(self.forge.heads[TARGET])
        tip = self.forge.heads[owner]
        return bool(known.own) and tip in target and known.own <= target


@pytest.mark.parametrize("block", range(10))
def test_random_histories(block: int) -> None:
    removed = 0
    for seed in range(block * HISTORIES // 10, (block + 1) * HISTORIES // 10):
        history = History(seed)
        history.run()
        removed += history.removed
    assert removed > HISTORIES // 10


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
