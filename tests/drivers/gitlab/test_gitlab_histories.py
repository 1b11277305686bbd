"""The histories of :mod:`histories` on the fake GitLab, with all that goes wrong far away: not one wrong removal."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from openapi import hold

from gitlab_stand import Stand
from greenroom.drivers.memory.commits import TARGET
from greenroom.testing.gitlab.trouble import DOWN, TORN
from histories import NAMES, History

HISTORIES = int(os.environ.get("GREENROOM_GITLAB_HISTORIES", "20"))
BLOCKS = max(4, HISTORIES // 50)


class GitLabHistory(History):
    """Adds what only GitLab knows: forks, fast-forward, comments, pushes of many branches, other people's branches."""

    def __init__(self, seed: int) -> None:
        self.stand = Stand(page=3, patience=40.0)
        self.lab = self.stand.lab
        self.lab.keyset = seed % 2 == 0
        super().__init__(seed, self.lab, self.stand.forge, self.at)
        self.now = self.stand.clock.time
        self.lab.watch = self.meanwhile
        self.noise = 0

    def at(self, now: float) -> None:
        self.stand.clock.time = now

    def upset(self) -> None:
        """One thing in two sweeps: away for an hour, a bad answer somewhere, or only slow down."""
        kinds = (*DOWN, *TORN, "429")
        trouble = self.lab.trouble
        trouble.plan()
        trouble.limit = self.rng.choice([0, 0, 0, 5, 20])
        trouble.away_until = 0.0
        chance = self.rng.random()
        if chance < 0.1:
            trouble.away_until, trouble.how = self.now + 3600.0, self.rng.choice(DOWN)
        elif chance < 0.5:
            trouble.plan(**{f"n{self.rng.randrange(12)}": self.rng.choice(kinds) for _ in range(2)})

    def calm(self) -> None:
        self.lab.trouble.plan()
        self.lab.trouble.limit, self.lab.trouble.away_until = 0, 0.0
        self.lab.watch = lambda: None

    def sweep(self) -> None:
        super().sweep()
        self.now = max(self.now, self.stand.clock.time)
        assert all("asked again" in line for line in self.stand.said)

    def meanwhile(self) -> None:
        """Other people push while lists are read."""
        if self.rng.random() < 0.1:
            mine = [b for b in self.lab.heads if b not in NAMES and b != TARGET]
            if mine and self.rng.random() < 0.5:
                self.lab.delete(self.rng.choice(mine))
            else:
                self.noise += 1
                self.lab.branch(f"{self.rng.choice('az')}/docs-{self.noise}")

    def events(self) -> list[Callable[[], object]]:
        found = super().events()
        mine = [b for b in self.lab.heads if b in NAMES]
        if self.lab.requests:
            found.append(lambda: self.lab.comment(self.rng.choice(list(self.lab.requests))))
        if len(mine) > 3:
            found.append(lambda: self.lab.delete(*mine[:4]))
        found.append(lambda: self.lab.open_request(self.rng.choice(NAMES), fork=99))
        forks = [r for r in self.lab.requests.values() if r.source == 99 and r.state == "opened"]
        if forks:
            found.append(lambda: self.lab._end(forks[0], "merged", "merge"))
        return found

    def about_requests(self, branch: str) -> list[Callable[[], object]]:
        found = super().about_requests(branch)
        if self.lab.opened(branch):
            found.append(lambda: self.lab.accept_request(branch, fast=self.ahead(branch), remove=True))
        return found

    def ahead(self, branch: str) -> bool:
        """May it be merged by moving the target forward?"""
        return self.lab.contains(branch, self.lab.heads[TARGET])


@pytest.mark.parametrize("block", range(BLOCKS))
def test_random_histories_on_gitlab(block: int) -> None:
    removed = unread = 0
    for seed in range(block * HISTORIES // BLOCKS, (block + 1) * HISTORIES // BLOCKS):
        history = GitLabHistory(seed)
        history.run()
        assert hold(history.lab.asked) > 0
        removed += history.removed
        unread += history.unread
    assert removed > HISTORIES // BLOCKS
    assert unread > 0
