"""Asking GitLab: every page or an error, waits that end, refusals that say what is missing."""

from __future__ import annotations

import pytest
from openapi import hold

from gitlab_stand import Git, Stand
from greenroom.domain.errors import GreenroomError
from greenroom.domain.secret import Secret
from greenroom.domain.sweeping import Merge
from greenroom.drivers.gitlab import Client, GitLabForge, Where
from greenroom.drivers.gitlab.waiting import skew
from greenroom.testing.gitlab import Served, Token
from greenroom.testing.gitlab.trouble import DOWN, TORN


def refused(stand: Stand) -> GreenroomError:
    with pytest.raises(GreenroomError) as caught:
        forge = stand.forge()
        forge.requests(forge.branches())
    return caught.value


@pytest.mark.parametrize("keyset", [True, False])
@pytest.mark.parametrize("count", [1, 6, 7, 8, 250])
def test_every_page_is_read(keyset: bool, count: int) -> None:
    stand = Stand(page=7 if count < 100 else 100)
    stand.lab.keyset = keyset
    for n in range(count - 1):
        stand.lab.branch(f"anna/AFO-{n}_x")
    assert stand.forge().branches() == stand.lab.heads
    assert hold(stand.lab.asked) >= count // stand.page


def test_a_branch_that_slips_between_two_pages_is_not_missed() -> None:
    stand = Stand(page=3)
    stand.lab.keyset = False
    for name in "abcdefgh":
        stand.lab.branch(name)
    seen: list[None] = []

    def delete_one() -> None:
        seen.append(None)
        if len(seen) == 2:
            stand.lab.delete("a")

    stand.lab.watch = delete_one
    told = stand.client().every("/repository/branches", "name")
    assert {one["name"] for one in told} == set("bcdefgh") | {"master"}


def test_a_list_that_never_rests_is_no_list() -> None:
    stand = Stand(page=2)
    stand.lab.keyset = False
    for name in "abcde":
        stand.lab.branch(name)
    stand.lab.watch = lambda: stand.lab.branch(f"x{len(stand.lab.heads)}")
    with pytest.raises(GreenroomError, match="changed 3 times while it was read"):
        stand.client().every("/repository/branches", "name")


@pytest.mark.parametrize("kind", [*DOWN, "429"])
def test_what_passes_is_waited_for(kind: str) -> None:
    stand = Stand()
    stand.lab.trouble.plan(n0=kind, n1=kind)
    assert "master" in stand.forge().branches()
    assert len(stand.said) == 2
    assert 0 < stand.clock.time - 1_000_000.0 <= 10


@pytest.mark.parametrize("kind", TORN)
def test_an_answer_that_is_none_is_never_taken_for_a_list(kind: str) -> None:
    stand = Stand(page=1)
    stand.lab.branch("anna/AFO-1_a")
    stand.lab.trouble.plan(**{f"n{n}": kind for n in range(50)})
    stand.lab.keyset = False
    assert refused(stand).code in ("gitlab-unread", "gitlab-away")


@pytest.mark.parametrize("kind", DOWN)
def test_patience_ends(kind: str) -> None:
    stand = Stand()
    stand.lab.trouble.away_until, stand.lab.trouble.how = stand.clock.time + 3600, kind
    error = refused(stand)
    assert error.code == "gitlab-away"
    assert "of waiting have not helped" in error.message
    assert stand.clock.time - 1_000_000.0 <= stand.patience


def test_a_wait_that_is_too_long_is_not_begun() -> None:
    stand = Stand()
    stand.lab.trouble.limit, stand.lab.trouble.retry_after = 1, 3600
    assert refused(stand).code == "gitlab-away"
    assert stand.clock.time == 1_000_000.0


def test_what_may_have_been_done_is_not_asked_for_twice() -> None:
    stand = Stand()
    made = {"environment": "fb-1", "sha": "a" * 40, "ref": "x", "tag": False, "status": "success"}
    stand.lab.trouble.plan(n0="429", n1="502")
    with pytest.raises(GreenroomError, match="answers 502"):
        stand.client().ask("post", "/deployments", body=made, again=False)
    assert len(stand.said) == 1
    assert not stand.lab.deployments


@pytest.mark.parametrize(
    ("token", "code", "words"),
    [
        (Token(scopes=("read_repository",)), "gitlab-scope", "lacks the scope read_api"),
        (Token(revoked=True), "gitlab-token", "Token was revoked"),
        (Token(expires_at=999_999.0), "gitlab-token", "Token is expired"),
        (Token(role=10), "gitlab-role", "403 Forbidden"),
        (Token(role=0), "gitlab-missing", "404 Project Not Found"),
    ],
)
def test_a_token_that_may_too_little_is_told_what_it_lacks(token: Token, code: str, words: str) -> None:
    stand = Stand()
    stand.lab.tokens["glpat-all"] = token
    error = refused(stand)
    assert (error.code, words in error.message) == (code, True)
    assert "glpat" not in error.message + error.hint


def test_writing_needs_another_scope() -> None:
    stand = Stand()
    stand.lab.tokens["glpat-all"] = Token(scopes=("read_api",))
    assert stand.forge().branches()
    with pytest.raises(GreenroomError, match="lacks the scope api"):
        stand.client().ask("post", "/environments", body={"name": "x"})


def test_without_a_token_nothing_is_asked() -> None:
    stand = Stand(token="")
    assert "$GREENROOM_GITLAB_TOKEN gives none" in refused(stand).message
    assert not stand.lab.asked


@pytest.mark.parametrize("scheme", ["https", "ftp"])
def test_an_address_that_is_none_is_not_asked_again(scheme: str) -> None:
    stand = Stand()
    with Served(stand.lab):
        where = Where(stand.lab.url.replace("http", scheme), "team/shop", "$TOKEN")
        client = Client(where, Secret("x"), stand.clock, stand.said.append)
        with pytest.raises(GreenroomError, match=r"is not trusted|cannot be asked") as caught:
            client.every("/environments")
    assert (caught.value.code, stand.said) == ("gitlab-url", [])


def test_certificates_that_are_not_there_are_told() -> None:
    stand = Stand()
    where = Where("https://gitlab.example.org", "team/shop", "$TOKEN", "/nowhere/ca.pem")
    with pytest.raises(GreenroomError, match=r"/nowhere/ca\.pem"):
        Client(where, Secret("x"), stand.clock, stand.said.append).every("/environments")


def test_states_of_requests_and_since_when() -> None:
    stand, name = Stand(), "anna/AFO-1_a"
    lab, clock = stand.lab, stand.clock
    lab.branch(name)
    lab.commit(name)
    lab.open_request(name)
    lab.open_request(name, fork=99)
    clock.time += 100
    lab.close_request(name)
    clock.time += 100
    for iid in (1, 2):
        lab.comment(iid)
    found = stand.forge().requests([name])
    assert [(r.number, r.state, r.at) for r in found] == [(1, Merge.CLOSED, 1_000_100.0)]
    lab.reopen_request(name)
    lab.requests[1].state = "locked"
    assert stand.forge().requests([name])[0].state is Merge.OPEN
    lab.requests[1].state = "strange"
    with pytest.raises(GreenroomError, match="cannot be read whole"):
        stand.forge().requests([name])


def test_a_clock_that_is_ahead_does_not_end_requests_later() -> None:
    assert skew("", 0.0, 0.0) == 0.0
    assert skew("Mon, 12 Jan 1970 13:46:40 GMT", 1_000_000.0, 1_000_001.0) == 0.0
    assert skew("Mon, 12 Jan 1970 13:51:40 GMT", 1_000_000.0, 1_000_001.0) == 299.0
    assert skew("Mon, 12 Jan 1970 13:41:40 GMT", 1_000_000.0, 1_000_001.0) == -300.0


def test_another_project_by_mistake_is_noticed() -> None:
    stand = Stand()
    stand.lab.commit("master")
    with pytest.raises(GreenroomError, match="different projects"):
        GitLabForge(stand.client(), Git(Stand().lab)).branches()
    assert refused(Stand(token="glpat-none")).code == "gitlab-token"
