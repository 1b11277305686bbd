"""Who may enter: no list lets strangers of a provider in, and what is no address is nobody's."""

from __future__ import annotations

import json

import pytest

from greenroom.domain.access import (
    AccessPolicy,
    Doorkeeping,
    Person,
    SignIn,
    address_allowed,
    may_enter,
)
from greenroom.domain.access_findings import access_findings
from greenroom.domain.environment import Access
from greenroom.domain.findings import Severity
from greenroom.domain.inspected import Outside

PRIVATE = AccessPolicy(Access.PRIVATE)
ADA = Person("ada", "oidc", ("company/shop", "company/shop/web"), "ada@Example.org")


@pytest.mark.parametrize(
    ("policy", "sign_in", "person", "enters"),
    [
        (PRIVATE, SignIn(), ADA, False),
        (PRIVATE, SignIn(groups=("company/shop",)), ADA, True),
        (PRIVATE, SignIn(groups=("company",)), ADA, False),
        (PRIVATE, SignIn(groups=("company/sho",)), ADA, False),
        (PRIVATE, SignIn(emails=("ada@example.org",)), ADA, True),
        (PRIVATE, SignIn(emails=("@EXAMPLE.org",)), ADA, True),
        (PRIVATE, SignIn(emails=("@ample.org",)), ADA, False),
        (PRIVATE, SignIn(emails=("@example.org",)), Person("x", "oidc", (), "x@evil@example.org.uk"), False),
        (PRIVATE, SignIn(emails=("@",)), Person("x", "oidc"), False),
        (AccessPolicy(Access.PRIVATE, groups=("other",)), SignIn(groups=("company/shop",)), ADA, False),
        (AccessPolicy(Access.PRIVATE, users=("ada",)), SignIn(), ADA, False),
        (AccessPolicy(Access.PRIVATE, users=("ada",)), SignIn(), Person("ada", "password"), True),
        (AccessPolicy(Access.PRIVATE, users=("bob",)), SignIn(), Person("ada", "password"), False),
        (PRIVATE, SignIn(), Person("ada", "password"), True),
    ],
)
def test_who_may_enter(policy: AccessPolicy, sign_in: SignIn, person: Person, enters: bool) -> None:
    assert may_enter(policy, sign_in, person) is enters


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("10.1.2.3", True),
        ("10.2.0.1", False),
        ("::ffff:10.1.2.3", True),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
        ("", False),
        ("10.1.2.3, 1.1.1.1", False),
        ("localhost", False),
    ],
)
def test_addresses(address: str, allowed: bool) -> None:
    policy = AccessPolicy(Access.PRIVATE, allow_ips=("10.1.0.0/16", "2001:db8::/32", "192.0.2.7"))
    assert address_allowed(policy, address) is allowed


def test_what_is_written_is_what_is_read() -> None:
    sign_in = SignIn("sign-in.shop.test", "https://gitlab.test", "a1", ("g",), ("@x.test",), 60.0, "/ca.pem")
    policy = AccessPolicy(Access.PRIVATE, ("ada",), ("10.0.0.0/8",), ("g",), ("a@x.test",))
    kept = Doorkeeping(
        "shop", 8443, sign_in, {"a.test": "a"}, {"a": policy}, "http://127.0.0.1:1", "eu", {"a": "shop-a"}
    )
    assert Doorkeeping.from_json(json.loads(json.dumps(kept.to_json()))) == kept
    assert kept.url("a.test") == "https://a.test:8443"


@pytest.mark.parametrize("change", [{"access": "hidden"}, {"users": "ada"}, {"users": [1]}, {"access": None}])
def test_a_policy_that_is_none_is_refused(change: dict[str, object]) -> None:
    with pytest.raises((ValueError, TypeError)):
        AccessPolicy.from_json({"access": "private", "users": [], **change})


def test_findings() -> None:
    assert access_findings("a", Outside(True, stopped=("/",))) == ()
    assert access_findings("a", Outside(False, passed=("/",))) == ()
    found = access_findings("a", Outside(True, passed=("/x",), readable=("with the key of b",)))
    assert [f.severity for f in found] == [Severity.PROBLEM] * 2
    assert "/x" in found[0].message
    assert "with the key of b" in found[1].message
    (shut,) = access_findings("a", Outside(False, stopped=("/",)))
    assert "asks for a sign-in" in shut.message
    assert access_findings("a", Outside(True, stopped=("/",), hidden=True)) == ()
    (hidden,) = access_findings("a", Outside(False, passed=("/",), hidden=True))
    assert "search engines" in hidden.message
