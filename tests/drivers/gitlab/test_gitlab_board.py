"""What the team reads at GitLab: deployments that do not double, environments that go, one note on the merge request."""

from __future__ import annotations

from dataclasses import replace

import pytest
from openapi import hold

from gitlab_stand import Stand
from greenroom.domain.environment import Environment, Tier
from greenroom.domain.errors import GreenroomError
from greenroom.domain.news import News
from greenroom.domain.release import Release
from greenroom.domain.revisions import Phase, Revision
from greenroom.drivers.gitlab import GitLabBoard, Job
from greenroom.drivers.gitlab.wording import code
from greenroom.testing.gitlab import Place, Token

A = "anna/AFO-1_cart"
PLACE = Environment("fb-1", Tier.REVIEW, "fb-1.shop.test")

NO_JOB = Job()


def board(stand: Stand, job: Job = NO_JOB) -> GitLabBoard:
    return GitLabBoard(stand.client(), job, lambda place: f"https://{place.host}", "master")


def stand() -> Stand:
    made = Stand()
    made.lab.branch(A)
    made.lab.commit(A)
    return made


def news(stand: Stand, failure: str = "", subject: str = "Add a cart") -> News:
    commit = stand.lab.heads[A]
    release = Release("0a1b2c3d4e5f", "0a" * 32, commit, subject, "Anna", 0.0)
    revisions = (Revision("ae1", (), Phase.EXPAND, title="add cart"),)
    serving = None if failure else "0a1b2c3d4e5f.fb-1-1"
    return News(
        PLACE, A, release, revisions, "none: the old one serves", failure, serving, 12.3, stand.clock.now()
    )


def test_a_deploy_is_recorded_with_its_environment() -> None:
    at = stand()
    board(at).tell(news(at))
    board(at).tell(news(at, "the probe failed"))
    (place,) = at.lab.places.values()
    assert (place.name, place.external_url, place.tier) == (
        "review/fb-1",
        "https://fb-1.shop.test",
        "development",
    )
    assert [(d.status, d.ref, d.sha) for d in at.lab.deployments.values()] == [
        ("success", A, at.lab.heads[A]),
        ("failed", A, at.lab.heads[A]),
    ]
    assert hold(at.lab.asked) > 4


def test_a_job_that_declares_an_environment_is_not_doubled() -> None:
    at = stand()
    at.lab.open_request(A)
    board(at, Job(declares="review/anna-afo-1-cart")).tell(news(at))
    assert not at.lab.deployments
    assert len(at.lab.requests[1].notes) == 1


def test_one_note_is_changed_in_place() -> None:
    at = stand()
    at.lab.open_request(A)
    at.lab.open_request(A, fork=99)
    at.lab.comment(1)
    job = Job(declares="x", log="https://gitlab.example.org/team/shop/-/jobs/5")
    board(at, job).tell(news(at))
    first = [n.body for n in at.lab.requests[1].notes.values() if n.own]
    board(at, job).tell(news(at, "the probe | failed, says `x` @all"))
    second = [n.body for n in at.lab.requests[1].notes.values() if n.own]
    assert len(first) == len(second) == 1
    for word in (
        at.lab.heads[A][:12],
        "https://fb-1.shop.test",
        "`ae1` expand `add cart`",
        "/-/jobs/5",
        "serves",
    ):
        assert word in first[0]
    assert "was not deployed" in second[0]
    assert "failed: `the probe ' failed, says 'x' @all`" in second[0]
    assert not at.lab.requests[2].notes
    assert hold(at.lab.asked) > 4


def test_what_people_wrote_is_no_markup() -> None:
    assert code("a`b|c\n d") == "`a'b'c d`"
    assert len(code("x" * 1000)) < 310
    assert code("") == "`-`"


def test_an_environment_that_went_leaves_no_refs() -> None:
    at = stand()
    board(at).tell(news(at))
    at.lab.places[900] = Place(900, "review/anna-afo-1-cart", 0.0, 0.0, "https://fb-1.shop.test/")
    at.lab.places[901] = Place(901, "production", 0.0, 0.0, "https://shop.test")
    assert board(at).hosts() == {"fb-1.shop.test", "shop.test"}
    assert len(at.lab.kept_refs) == 1
    board(at).forget("fb-1.shop.test")
    assert [p.name for p in at.lab.places.values()] == ["production"]
    assert not at.lab.kept_refs
    board(at).forget("fb-1.shop.test")
    board(at).forget("")
    assert at.lab.places[901].state == "available"


def test_what_may_not_be_done_keeps_it_from_nothing_else() -> None:
    at = stand()
    at.lab.open_request(A)
    at.lab.tokens["glpat-all"] = Token(role=20)
    with pytest.raises(GreenroomError, match="403 Forbidden") as caught:
        board(at).tell(news(at))
    assert "Developer" in caught.value.hint
    assert len(at.lab.requests[1].notes) == 1


def test_an_environment_of_the_file_is_told_under_its_own_name() -> None:
    at = stand()
    staging = replace(news(at), place=Environment("staging", Tier.STAGING, "staging.shop.test"), branch="")
    board(at, Job(ref="v1.4", tag=True)).tell(staging)
    board(at).tell(staging)
    assert [(p.name, p.tier) for p in at.lab.places.values()] == [("staging", "staging")]
    assert [(d.ref, d.tag) for d in at.lab.deployments.values()] == [("v1.4", True), ("master", False)]
