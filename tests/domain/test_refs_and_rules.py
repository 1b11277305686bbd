"""Which environment a branch belongs to, and that no branch name can do harm."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from greenroom.domain.environment import Environment, Strategy, Tier
from greenroom.domain.refs import LONGEST_NAME, RefPattern, expand, invalid, slug
from greenroom.domain.rules import RESERVED, Rule, resolve

LABEL = re.compile(r"[a-z]([a-z0-9-]{0,28}[a-z0-9])?")
RULES = (
    Rule(Environment("production", Tier.PRODUCTION, "shop.example.org"), ("master", "main")),
    Rule(Environment("staging", Tier.STAGING, "{name}.shop.example.org")),
    Rule(Environment("dev", Tier.DEVELOPMENT, "{name}.shop.example.org"), ("develop",)),
    Rule(Environment("fb-{issue}", Tier.REVIEW, "{name}.shop.example.org"), ("*/AFO-{issue}_*",)),
    Rule(
        Environment("try-{slug}", Tier.REVIEW, "{name}.shop.example.org"),
        ("try/*", "release/{version}-{part}"),
    ),
)
WORDS = st.sampled_from(
    [
        "AFO-",
        "anna/",
        "/",
        "_",
        "try/",
        "release/",
        "1",
        "12",
        "-",
        "..",
        "~",
        ";rm -rf",
        "$(x)",
        "'",
        '"',
        "%2e",
        "é",
        "\n",
        "{issue}",
        "*",
        "production",
        "master",
    ]
)
REFS = st.one_of(
    st.text(max_size=300),
    st.lists(WORDS, max_size=12).map("".join),
    st.from_regex(r"[a-z]{1,8}/AFO-[0-9A-Za-z]{1,60}_[\w-]{0,20}", fullmatch=True),
    st.from_regex(r"try/[ -~]{0,260}", fullmatch=True),
)


@pytest.mark.parametrize(
    ("ref", "name"),
    [
        ("master", "production"),
        ("refs/heads/main", "production"),
        ("develop", "dev"),
        ("anna/AFO-123_cart", "fb-123"),
        ("anna/AFO-12_a_b/AFO-13_c", "fb-12"),
        ("anna/AFO-12a_x", "fb-12a"),
        ("try/Ümläut Nö", ""),
        ("try/Some_Thing", "try-try-some-thing"),
        ("release/1-b", "try-release-1-b"),
        ("anna/AFO-_cart", ""),
        ("AFO-123_cart", ""),
        ("feature/other", ""),
        ("", ""),
        ("anna/AFO-1_.lock", ""),
    ],
)
def test_the_first_rule_that_matches_decides(ref: str, name: str) -> None:
    found = resolve(RULES, ref, {})
    assert found.name == name
    assert (found.rule is None) == (name == "")
    assert [c.matched for c in found.considered].count(True) == (1 if name else 0)
    if name:
        assert found.considered[-1].matched
    else:
        assert [c.rule for c in found.considered] == [r.name for r in RULES]


def test_the_second_branch_of_a_ticket_gets_a_number_and_keeps_it() -> None:
    owners = {"fb-7": "anna/AFO-7_a"}
    second = resolve(RULES, "bob/AFO-7_b", owners)
    assert (second.name, second.instead_of, second.owned_by) == ("fb-7-2", "fb-7", "anna/AFO-7_a")
    owners["fb-7-2"] = "bob/AFO-7_b"
    assert resolve(RULES, "cleo/AFO-7_c", owners).name == "fb-7-3"
    del owners["fb-7"]
    assert resolve(RULES, "bob/AFO-7_b", owners).name == "fb-7-2"
    assert resolve(RULES, "anna/AFO-7_a", owners).name == "fb-7"


def test_a_branch_cannot_take_the_name_of_an_environment_of_the_file() -> None:
    rules = (
        *RULES,
        Rule(Environment("x{slug}", Tier.REVIEW, "{name}.example.org"), ("*",)),
        Rule(Environment("xdemo", Tier.STAGING, "a.b")),
    )
    assert resolve(rules, "demo", {}).name == "xdemo-2"


@settings(max_examples=1600, deadline=None)
@given(st.lists(REFS, min_size=5, max_size=8))
@example(["try/" + "a" * 240, "try/" + "a" * 241])
def test_no_two_branches_own_one_name(refs: list[str]) -> None:
    """Each branch is given what it is told; nobody is given what somebody has."""
    owners: dict[str, str] = {}
    for ref in refs:
        found = resolve(RULES, ref, owners)
        if found.rule is None:
            assert found.name == ""
            continue
        assert LABEL.fullmatch(found.name)
        assert not invalid(found.ref)
        assert any(RefPattern(p).match(found.ref) is not None for p in found.rule.refs)
        if not found.rule.per_branch:
            assert found.name == found.rule.name
            continue
        assert found.name not in RESERVED | {r.name for r in RULES}
        assert owners.get(found.name, found.ref) == found.ref
        owners[found.name] = found.ref
    assert len(set(owners.values())) == len(owners)
    for name, ref in owners.items():
        assert resolve(RULES, ref, owners).name == name


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=80), st.sampled_from(["fb-{issue}", "{issue}", "x-{issue}-y", "{slug}"]))
def test_a_name_is_a_label_whatever_the_parts_are(text: str, template: str) -> None:
    name = expand(template, {"issue": text, "slug": slug(text)}, text)
    assert len(name) <= LONGEST_NAME
    assert LABEL.fullmatch(name)


def test_long_names_that_differ_stay_different() -> None:
    first, second = (expand("try-{slug}", {"slug": "a" * 60 + c}, c) for c in "xy")
    assert first != second
    assert len(first) == len(second) == LONGEST_NAME


@pytest.mark.parametrize(
    ("pattern", "mistake"),
    [
        ("*/AFO-{issue}_*", ""),
        ("release/*", ""),
        ("", "must be"),
        ("a b", "must be"),
        ("{a}{b}", "between"),
        ("**", "between"),
        ("{a}/{a}", "twice"),
        ("{slug}/x", "slug"),
        ("{Issue}", "must be"),
    ],
)
def test_a_pattern_says_what_is_wrong_with_it(pattern: str, mistake: str) -> None:
    told = RefPattern(pattern).mistake()
    assert (mistake in told) if mistake else told == ""


def test_simple_is_the_same_in_a_smaller_size() -> None:
    from greenroom.domain.policy import Policy
    from greenroom.domain.roles import Role, RoleKind

    simple = Environment("staging", Tier.STAGING, "s.example.org", strategy=Strategy.SIMPLE)
    roles = (Role("web", RoleKind.WEB, processes=4), Role("mailer", RoleKind.WORKER, processes=3))
    assert [r.processes for r in simple.roles(roles)] == [1, 1]
    assert simple.policy(Policy()).keep_warm == 0.0
