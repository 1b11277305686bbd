"""The whole of sweep on the fake GitLab: after whatever teams do, the right environments live and the others are gone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from estate_place import RULES as HOUSE_RULES
from estate_place import House
from memory_target import A

from gitlab_stand import Stand
from greenroom.domain.environment import Environment
from greenroom.drivers.gitlab import GitLabBoard, Job
from greenroom.drivers.memory.commits import TARGET
from greenroom.services.environments.estate import Estate
from greenroom.services.environments.making import create
from greenroom.services.environments.sweeping import sweep
from greenroom.services.target import Target
from greenroom.testing.gitlab import GitLab

RULES = tuple(replace(rule, most=None) for rule in HOUSE_RULES)
Event = Callable[[GitLab, str], object]


def requested(then: Event) -> Event:
    """The same, with a merge request that is open."""

    def act(lab: GitLab, branch: str) -> None:
        lab.open_request(branch)
        then(lab, branch)

    return act


def reopened(lab: GitLab, branch: str) -> None:
    lab.close_request(branch)
    lab.comment(len(lab.requests))
    lab.reopen_request(branch)


def forked(lab: GitLab, branch: str) -> None:
    lab.open_request(branch, fork=99)
    lab._end(lab.requests[len(lab.requests)], "merged", "merge")


GO: dict[str, Event] = {
    "fast-forward": requested(lambda lab, b: lab.accept_request(b, fast=True)),
    "merged": requested(lambda lab, b: lab.accept_request(b)),
    "merged and removed": requested(lambda lab, b: lab.accept_request(b, remove=True)),
    "squashed": requested(lambda lab, b: lab.accept_request(b, squash=True)),
    "merged by a push": lambda lab, b: lab.merge(b),
    "merged by a push with a request": requested(lambda lab, b: lab.merge(b)),
    "closed": requested(lambda lab, b: lab.close_request(b)),
    "deleted": lambda lab, b: lab.delete(b),
    "deleted with a request": requested(lambda lab, b: lab.delete(b)),
    "renamed": lambda lab, b: lab.rename(b, f"{b}-better"),
}
STAY: dict[str, Event] = {
    "nothing": lambda lab, b: None,
    "requested": lambda lab, b: lab.open_request(b),
    "force-pushed": lambda lab, b: lab.force_push(b, lab.heads[TARGET]) or lab.commit(b),
    "forked": forked,
    "reopened": requested(reopened),
    "commented": requested(lambda lab, b: lab.comment(len(lab.requests))),
}


class Team:
    """The fake, the memory doors of as many environments as wanted, and what sweep gets."""

    def __init__(self) -> None:
        self.stand = Stand(page=3)
        self.lab = self.stand.lab
        self.house = House()
        self.house.one.time = self.stand.clock.time

    def estate(self) -> Estate:
        """As a new command would have it."""
        forge = self.stand.forge()
        board = GitLabBoard(self.stand.client(), Job(), lambda place: f"https://{place.host}", TARGET)

        def target(place: Environment) -> Target:
            plain = self.house.target(place)
            return replace(plain, outside=lambda c: forge.is_merged(c) is False, board=board)

        return replace(self.house.estate, rules=RULES, forge=forge, target=target, board=board, cap=99)

    def deploy(self, branch: str) -> str:
        commit = self.lab.heads[branch]
        id = f"{len(self.house.one.releases):012x}"
        made = replace(A, id=id, digest=id, commit=commit)
        self.house.one.releases |= {branch: made, id: made}
        name = create(self.estate(), branch).record.name
        self.later()
        return name

    def made(self, branch: str, empty: bool = False) -> str:
        self.lab.branch(branch)
        if not empty:
            self.lab.commit(branch)
        return self.deploy(branch)

    def later(self, seconds: float = 60.0) -> None:
        """Time goes by, the same for all clocks."""
        self.stand.clock.time = max(self.stand.clock.time, self.house.world("production").time) + seconds
        self.house.one.time = self.stand.clock.time
        self.house.world("production")

    def left(self) -> set[str]:
        """Sweep once; the environments that are there afterwards, the same in GitLab's list."""
        done = sweep(self.estate(), True)
        there = {r.name for r in self.house.estate.records.all()}
        if not done.unread:
            assert {p.name for p in self.lab.places.values()} == {f"review/{n}" for n in there}
            assert len({ref.split("/")[3] for ref in self.lab.kept_refs}) == len(there)
        return there


def test_whatever_teams_do_one_sweep_is_enough() -> None:
    team = Team()
    events = {**GO, **STAY}
    branches = {what: f"anna/AFO-{n}_x" for n, what in enumerate(events, 10)}
    names = {what: team.made(branch) for what, branch in branches.items()}
    names["empty"] = team.made("anna/AFO-98_x", empty=True)
    for what, act in events.items():
        act(team.lab, branches[what])
        team.later()
    assert team.left() == {names[what] for what in (*STAY, "empty")}
    assert team.left() == {names[what] for what in (*STAY, "empty")}


def test_two_branches_of_one_ticket_each_have_their_own_fate() -> None:
    team = Team()
    assert [team.made(f"{who}/AFO-5_x") for who in ("anna", "bob")] == ["fb-5", "fb-5-2"]
    team.lab.merge("anna/AFO-5_x")
    assert team.left() == {"fb-5-2"}


def test_a_push_without_any_webhook_is_swept_all_the_same() -> None:
    team = Team()
    branches = [f"anna/AFO-{n}_x" for n in range(1, 6)]
    for branch in branches:
        team.made(branch)
    team.lab.events.clear()
    team.lab.delete(*branches[:4])
    assert team.lab.events == []
    assert team.left() == {"fb-5"}


@pytest.mark.parametrize("how", ["503", "timeout", "refused"])
def test_while_gitlab_is_away_nothing_goes(how: str) -> None:
    team = Team()
    names = {team.made(f"anna/AFO-{n}_x") for n in (1, 2)}
    team.lab.merge("anna/AFO-1_x")
    team.lab.trouble.away_until, team.lab.trouble.how = team.stand.clock.time + 3600.0, how
    for _ in range(5):
        assert team.left() == names
        team.later(600.0)
    team.later(1200.0)
    assert team.left() == {"fb-2"}


def test_a_request_that_ended_before_the_last_deploy_counts_for_nothing() -> None:
    team = Team()
    branch = "anna/AFO-1_x"
    team.made(branch)
    team.lab.open_request(branch)
    team.lab.accept_request(branch, squash=True)
    team.later()
    team.lab.commit(branch)
    team.deploy(branch)
    team.lab.comment(1)
    assert team.left() == {"fb-1"}
