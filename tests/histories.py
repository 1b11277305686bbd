"""Random histories of branches, deploys and sweeps of one team, on whatever forge it has.

The judge sees records and what a :class:`greenroom.ports.Forge` reads; ``due`` is told from the events themselves.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from greenroom.domain.environment import Environment, Tier
from greenroom.domain.errors import GreenroomError
from greenroom.domain.record import Record, State
from greenroom.domain.rules import Rule, resolve
from greenroom.domain.sweeping import BranchSeen, beyond_now, judge
from greenroom.drivers.memory.commits import TARGET
from greenroom.ports import Forge

RULES = (
    Rule(
        Environment("fb-{issue}", Tier.REVIEW, "{name}.example.org", ttl=30 * 86400.0), ("*/AFO-{issue}_*",)
    ),
)
NAMES = [f"{who}/AFO-{issue}_{text}" for who in ("anna", "bob") for issue in (1, 2, 3) for text in ("a", "b")]


class Team(Protocol):
    """What people do to their forge, and what they know of it."""

    @property
    def heads(self) -> Mapping[str, str]: ...

    def contains(self, branch: str, commit: str) -> bool: ...
    def branch(self, name: str) -> None: ...
    def commit(self, name: str) -> str: ...
    def merge(self, name: str) -> None: ...
    def delete(self, *names: str) -> None: ...
    def rename(self, old: str, new: str) -> None: ...
    def force_push(self, name: str, to: str) -> None: ...
    def open_request(self, name: str) -> int: ...
    def accept_request(self, name: str, squash: bool = False) -> None: ...
    def close_request(self, name: str) -> None: ...
    def reopen_request(self, name: str) -> None: ...
    def opened(self, name: str) -> bool: ...
    def closed(self, name: str) -> bool: ...
    def ended(self, name: str) -> list[float]: ...


@dataclass
class Known:
    """What a person at the team would say of one environment, from what happened to its branch."""

    deployed: float
    own: set[str] = field(default_factory=set)
    """Commits that were seen outside the target at a deploy or a sweep since the last deploy, the latest only."""


class History:
    """One team's days. ``reader`` gives a forge as a new command would read it; ``tick`` sets the forge's clock."""

    def __init__(
        self, seed: int, team: Team, reader: Callable[[], Forge], tick: Callable[[float], None]
    ) -> None:
        self.rng = random.Random(seed)
        self.team = team
        self.reader = reader
        self.tick = tick
        self.records: dict[str, Record] = {}
        self.known: dict[str, Known] = {}
        self.now = 0.0
        self.removed = 0
        self.unread = 0

    def run(self, days: int = 40) -> None:
        for _ in range(days):
            self.now += self.rng.choice([60.0, 3600.0, 86400.0, 5 * 86400.0])
            self.tick(self.now)
            self.rng.choice(self.events())()
            if self.rng.random() < 0.3:
                self.upset()
                self.sweep()
        self.calm()
        self.sweep()

    def upset(self) -> None:
        """Something may be wrong with the forge during the next sweep."""

    def calm(self) -> None:
        """Nothing is wrong any more: the next sweep must read it."""

    def events(self) -> list[Callable[[], object]]:
        team = self.team
        mine = [b for b in team.heads if b in NAMES]
        new = [n for n in NAMES if n not in mine]
        found: list[Callable[[], object]] = [lambda: team.commit(TARGET)]
        if new:
            found += [lambda: team.branch(self.rng.choice(new))] * 3
        if mine:
            b = self.rng.choice(mine)
            found += [lambda: self.deploy(b)] * 5 + [lambda: team.commit(b)] * 4
            found += [lambda: team.merge(b)] * 2 + [lambda: team.delete(b)]
            found += [lambda: team.force_push(b, team.heads[TARGET]), lambda: self.rewrite(b)]
            found += [lambda: team.rename(b, self.rng.choice(new))] if new else []
            found += self.about_requests(b)
        return found

    def about_requests(self, branch: str) -> list[Callable[[], object]]:
        team = self.team
        if team.opened(branch):
            found: list[Callable[[], object]] = [lambda: team.close_request(branch)]
            return found + [lambda: team.accept_request(branch, self.rng.random() < 0.5)] * 2
        found = [lambda: team.open_request(branch)] * 2
        return found + ([lambda: team.reopen_request(branch)] if team.closed(branch) else [])

    def rewrite(self, branch: str) -> None:
        """Force-push one new commit on top of the target."""
        self.team.force_push(branch, self.team.heads[TARGET])
        self.team.commit(branch)

    def outside(self, commit: str) -> bool:
        return not self.team.contains(TARGET, commit)

    def deploy(self, branch: str) -> None:
        found = resolve(RULES, branch, {r.name: r.owner for r in self.records.values()})
        assert found.rule is not None
        for other in self.records.values():
            assert (other.owner == branch) == (other.name == found.name)
        tip = self.team.heads[branch]
        outside = self.outside(tip)
        record = self.records.get(found.name) or Record(
            found.name, RULES[0].name, branch, Tier.REVIEW, "h", self.now, State.READY
        )
        self.records[found.name] = replace(
            record, deployed_at=self.now, commit=tip, beyond=tip if outside else None
        )
        self.known[found.name] = Known(self.now, {tip} if outside else set())

    def sweep(self) -> None:
        """Look and judge as :func:`greenroom.services.environments.sweeping.sweep` does, and hold it to what is due."""
        records = tuple(self.records.values())
        seen = self.look(records)
        if seen is None:
            self.unread += 1
            assert not any(v.goes for v in judge(records, RULES, None, self.now, 99))
            return
        self.records = {n: replace(r, beyond=beyond_now(r, seen[r.owner])) for n, r in self.records.items()}
        for name, record in self.records.items():
            tip = self.team.heads.get(record.owner)
            if tip is not None and self.outside(tip):
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

    def look(self, records: tuple[Record, ...]) -> dict[str, BranchSeen] | None:
        forge = self.reader()
        try:
            tips = forge.branches()
            requests = forge.requests({r.owner for r in records if r.owner in tips})
            return {
                r.owner: BranchSeen(
                    tips.get(r.owner),
                    forge.is_merged(tips[r.owner]) if r.owner in tips else None,
                    forge.is_merged(r.beyond) if r.owner in tips and r.beyond else None,
                    tuple(one for one in requests if one.branch == r.owner),
                )
                for r in records
            }
        except GreenroomError:
            return None

    def due(self, name: str) -> bool:
        """The team's own words, from the graph itself."""
        owner, known = self.records[name].owner, self.known[name]
        if owner not in self.team.heads or self.now >= known.deployed + 30 * 86400.0:
            return True
        if self.team.opened(owner):
            return False
        if any(at > known.deployed for at in self.team.ended(owner)):
            return True
        tip = self.team.heads[owner]
        return bool(known.own) and not self.outside(tip) and not any(map(self.outside, known.own))
