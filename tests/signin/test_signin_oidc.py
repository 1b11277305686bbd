"""Through a provider that answers as GitLab does, over the real edge; and every way in which it may be fooled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from stand import ALPHA, BETA, SIGN_IN, Got, Stand, Visitor, stand

from greenroom.domain.access import AccessPolicy, SignIn
from greenroom.domain.environment import Access
from greenroom.domain.secret import Secret
from greenroom.drivers.system.clock import SystemClock
from greenroom.testing.oidc import Account, GitLab

ADA = Account("ada", "41", "ada@example.org", ("company", "company/shop"), ("company",))
EVE = Account("eve", "42", "eve@example.org", ("elsewhere",), ("elsewhere",))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with stand(tmp_path_factory.mktemp("stand") / "state") as running:
        yield running


@pytest.fixture
def gitlab(made: Stand) -> Iterator[GitLab]:
    """A provider that knows this project; people of company/shop may see everything."""
    callback = f"https://{SIGN_IN}:{made.public.port}/.greenroom/callback"
    made.doorkeeper.remove_person("ada")
    with GitLab(callback, SystemClock(), ADA) as provider:
        made.sign_in = SignIn(SIGN_IN, provider.issuer, provider.client_id, groups=("company/shop",))
        made.policies["beta"] = AccessPolicy(Access.PRIVATE)
        made.doorkeeper.put_client_secret(Secret(provider.client_secret))
        made.doorkeeper.publish()
        yield provider


def url(made: Stand, host: str, path: str = "/") -> str:
    return f"https://{host}:{made.public.port}{path}"


def who(got: Got) -> str:
    return got.seen["HTTP_X_GREENROOM_USER"]


def test_the_whole_way(made: Stand, gitlab: GitLab) -> None:
    visitor = Visitor(made)
    got = visitor.go(url(made, ALPHA, "/orders?page=2"))
    assert who(got) == "ada"
    assert got.seen["RAW_URI"] == "/orders?page=2"
    assert gitlab.asked.count("/oauth/token") == 1
    asked = next(u for u in visitor.walked if "/oauth/authorize" in u)
    query = {k: v[0] for k, v in parse_qs(urlsplit(asked).query).items()}
    assert query["response_type"] == "code"
    assert query["scope"] == "openid profile email"
    assert query["code_challenge_method"] == "S256"
    assert {"state", "nonce", "code_challenge"} <= query.keys()
    assert who(visitor.go(url(made, BETA))) == "ada"
    assert gitlab.asked.count("/oauth/token") == 1, "one sign-in serves all hosts"


def test_a_policy_of_its_own_comes_before_the_general_one(made: Stand, gitlab: GitLab) -> None:
    made.policies["beta"] = AccessPolicy(Access.PRIVATE, emails=("@example.net",))
    made.doorkeeper.publish()
    visitor = Visitor(made)
    got = visitor.go(url(made, BETA))
    assert got.status == 403
    assert "ada may not see beta" in got.body.decode()
    made.policies["beta"] = AccessPolicy(Access.PRIVATE, emails=("ada@example.org",))
    made.doorkeeper.publish()
    assert who(Visitor(made).go(url(made, BETA))) == "ada"
    gitlab.account = replace(ADA, verified=False)
    assert Visitor(made).go(url(made, BETA)).status == 403, "an address that nobody has verified"


def test_strangers_of_the_provider_stay_out(made: Stand, gitlab: GitLab) -> None:
    gitlab.account = EVE
    assert Visitor(made).go(url(made, ALPHA)).status == 403
    gitlab.account = replace(EVE, groups=("company/shop-two", "company/shop/x"))
    assert Visitor(made).go(url(made, ALPHA)).status == 403
    made.sign_in = replace(made.sign_in, groups=())
    made.doorkeeper.publish()
    gitlab.account = ADA
    assert Visitor(made).go(url(made, ALPHA)).status == 403, "nobody is named: nobody comes in"


def test_who_leaves_the_list_is_out_at_once(made: Stand, gitlab: GitLab) -> None:
    visitor = Visitor(made)
    assert who(visitor.go(url(made, ALPHA))) == "ada"
    made.sign_in = replace(made.sign_in, groups=("company/board",))
    made.doorkeeper.publish()
    assert visitor.go(url(made, ALPHA)).status == 403


@pytest.mark.parametrize("name", ["token:robot", "a b", "ü", "x\r\ny", "", "a" * 101, "../x"])
def test_a_name_that_would_pass_for_something_else(made: Stand, gitlab: GitLab, name: str) -> None:
    gitlab.account = replace(ADA, username=name)
    told = who(Visitor(made).go(url(made, ALPHA)))
    assert told == "41" if not name else told.startswith("sub-")


def test_who_declines(made: Stand, gitlab: GitLab) -> None:
    gitlab.account = None
    got = Visitor(made).go(url(made, ALPHA))
    assert got.status == 403
    assert "declined" in got.body.decode()


@pytest.mark.parametrize(
    "twist",
    [
        {"iss": "https://gitlab.example.com"},
        {"aud": "somebody-else"},
        {"aud": ["somebody-else", "greenroom-client"], "azp": "somebody-else"},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": 1_000_000},
        {"iat": 99_999_999_999},
        {"sub": "1"},
        {"sub": None},
    ],
    ids=str,
)
def test_a_token_that_is_not_for_this_is_refused(made: Stand, gitlab: GitLab, twist: dict[str, Any]) -> None:
    gitlab.twist = twist
    got = Visitor(made).go(url(made, ALPHA))
    assert got.status == 502
    assert "refused" in got.body.decode()


@pytest.mark.parametrize("algorithm", ["HS256", "none"])
def test_a_token_signed_with_what_everybody_knows_is_refused(
    made: Stand, gitlab: GitLab, algorithm: str
) -> None:
    gitlab.algorithm = algorithm
    assert Visitor(made).go(url(made, ALPHA)).status == 502


def test_a_new_key_of_the_provider_is_fetched(made: Stand, gitlab: GitLab) -> None:
    assert who(Visitor(made).go(url(made, ALPHA))) == "ada"
    gitlab.rotate_key()
    assert who(Visitor(made).go(url(made, ALPHA))) == "ada"
    assert gitlab.asked.count("/oauth/discovery/keys") == 2
    gitlab.rotate_key()
    assert Visitor(made).go(url(made, ALPHA)).status == 502, "not asked for at every token"
    assert gitlab.asked.count("/oauth/discovery/keys") == 2


def test_a_wrong_client_secret(made: Stand, gitlab: GitLab) -> None:
    made.doorkeeper.put_client_secret(Secret("not this one"))
    assert Visitor(made).go(url(made, ALPHA)).status == 502


def stopped_at(visitor: Visitor, made: Stand, mark: str) -> str:
    """Walk until a redirect leads to an address with ``mark`` in it; that address, not asked for."""
    where = url(made, ALPHA)
    for _ in range(10):
        where = visitor.once(where).header("Location")
        if mark in where:
            return where
    raise AssertionError(visitor.walked)


def test_what_one_browser_began_another_cannot_end(made: Stand, gitlab: GitLab) -> None:
    """Somebody who makes a victim follow their own callback or code must not sign the victim in."""
    attacker, victim = Visitor(made), Visitor(made)
    victim.go(url(made, ALPHA, "/.greenroom/sign-out"))
    for mark in ("/.greenroom/callback?", "/.greenroom/code?"):
        trap = stopped_at(attacker, made, mark)
        got = victim.go(trap)
        assert got.status == 400, mark
        assert "__Host-greenroom" not in victim.jar.get(ALPHA, {})
        assert "__Host-greenroom-person" not in victim.jar.get(SIGN_IN, {})
        attacker = Visitor(made)


def test_a_callback_works_once(made: Stand, gitlab: GitLab) -> None:
    visitor = Visitor(made)
    back = stopped_at(visitor, made, "/.greenroom/callback?")
    assert visitor.once(back).status == 303
    assert visitor.once(back).status == 400
    for query in ("", "?code=x", "?state=x&code=x", f"?{urlencode({'state': 'x' * 2000})}"):
        assert visitor.once(url(made, SIGN_IN, f"/.greenroom/callback{query}")).status == 400


def test_several_pages_at_once(made: Stand, gitlab: GitLab) -> None:
    """Two tabs that begin at the same time both arrive."""
    visitor = Visitor(made)
    first = visitor.once(url(made, ALPHA, "/first")).header("Location")
    second = visitor.once(url(made, ALPHA, "/second")).header("Location")
    assert visitor.go(first).seen["RAW_URI"] == "/first"
    assert visitor.go(second).seen["RAW_URI"] == "/second"


def test_a_silent_provider(made: Stand, gitlab: GitLab) -> None:
    made.sign_in = replace(made.sign_in, issuer="http://127.0.0.1:1")
    made.doorkeeper.publish()
    got = Visitor(made).go(url(made, ALPHA))
    assert got.status == 502
    assert "does not answer" in got.body.decode()


def test_both_ways_side_by_side(made: Stand, gitlab: GitLab) -> None:
    made.doorkeeper.put_person("grace", Secret("a long password"))
    try:
        shown = Visitor(made).go(url(made, ALPHA)).body.decode()
        assert "Password" in shown
        assert "Sign in with 127.0.0.1" in shown
    finally:
        made.doorkeeper.remove_person("grace")
