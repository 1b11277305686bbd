"""Jobs that wait for a hand: what they would deploy is in use."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from openapi import hold

from gitlab_stand import Stand
from greenroom.domain.errors import GreenroomError
from greenroom.drivers.gitlab.forge import UNFINISHED
from greenroom.testing.gitlab.paging import Answer
from greenroom.testing.gitlab.trouble import TORN, Trouble

A, B, GONE = "anna/AFO-1_a", "bob/AFO-2_b", "eve/AFO-3_gone"


def test_jobs_of_what_is_still_open_count() -> None:
    stand = Stand(page=2)
    lab = stand.lab
    commits = {}
    for name in (A, B, GONE):
        lab.branch(name)
        commits[name] = lab.commit(name)
        lab.job("deploy:review", name)
    first = lab.heads["master"]
    lab.job("deploy:production", "master")
    lab.job("deploy:production", "v1", first, tag=True)
    lab.delete(GONE)
    waiting = stand.forge().waiting()
    assert _commits(waiting) == {commits[A], commits[B], first}
    assert {key for key in waiting if key.isdigit()} == {"1", "2", "4", "5"}, "their pipelines, by number"
    assert waiting[commits[A]] == f"the job deploy:review of {A} may still be run by hand"
    assert hold(lab.asked) > 1


@pytest.mark.parametrize("status", UNFINISHED)
def test_a_deploy_that_has_not_ended_needs_its_build(status: str) -> None:
    stand = Stand()
    stand.lab.job("deploy:review", "master").status = status
    assert _commits(stand.forge().waiting()) == {stand.lab.heads["master"]}


def test_a_job_that_is_played_while_the_list_is_read_is_not_lost() -> None:
    """It leaves the list of manual jobs, and those behind it move up by one place."""
    stand = Stand(page=1)
    lab = stand.lab
    commits = set()
    for name in (A, B, GONE):
        lab.branch(name)
        commits.add(lab.commit(name))
        newest = lab.job("deploy:review", name)

    class Played(Trouble):
        """When the first page of the manual ones has been read, after the branches, those created and those scheduled."""

        def before(self, now: float) -> Answer | None:
            if [asked.query.get("scope") for asked in lab.asked].count("manual") == 1:
                newest.status = "running"
            return super().before(now)

    lab.trouble = Played()
    assert _commits(stand.forge().waiting()) == commits
    assert newest.status == "running"


def _commits(waiting: Mapping[str, str]) -> set[str]:
    return {key for key in waiting if not key.isdigit()}


def test_a_job_that_was_run_or_only_stops_needs_nothing() -> None:
    stand = Stand()
    lab = stand.lab
    lab.branch(A)
    lab.commit(A)
    lab.job("deploy:review", A).status = "success"
    lab.job("stop:review", A)
    assert stand.forge().waiting() == {}


def test_a_merge_requests_pipeline_counts_while_it_is_open() -> None:
    stand = Stand()
    lab = stand.lab
    lab.branch(A)
    tip = lab.commit(A)
    lab.open_request(A)
    lab.job("deploy:review", "refs/merge-requests/1/head", tip)
    assert _commits(stand.forge().waiting()) == {tip}
    lab.close_request(A)
    assert stand.forge().waiting() == {}
    assert hold(lab.asked) > 1


@pytest.mark.parametrize("torn", TORN)
def test_jobs_that_cannot_be_read_whole_are_an_error(torn: str) -> None:
    stand = Stand(page=1)
    stand.lab.job("deploy:review", "master")
    stand.lab.trouble.at = dict.fromkeys(range(9), torn)
    with pytest.raises(GreenroomError):
        stand.forge().waiting()
