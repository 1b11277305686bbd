"""Which names the environments on a cluster need."""

from __future__ import annotations

from greenroom.domain.dns import is_public, names, records
from greenroom.domain.environment import Environment, TargetKind, Tier
from greenroom.domain.rules import Rule


def rule(name: str, host: str, *refs: str, target: TargetKind = TargetKind.KUBERNETES) -> Rule:
    return Rule(Environment(name, Tier.REVIEW, host, target=target), refs)


RULES = (
    rule("production", "shop.example.org", "main"),
    rule("staging", "staging.shop.example.org"),
    rule("dev", "dev.example.net", "develop"),
    rule("here", "here.example.net", target=TargetKind.LOCAL),
    rule("fb-{issue}", "{name}.shop.example.org", "*/AFO-{issue}_*"),
)


def test_a_wildcard_stands_for_all_branches_and_for_what_lies_beside_them() -> None:
    assert names(RULES) == ("dev.example.net", "shop.example.org", "*.shop.example.org")
    assert names(RULES[3:4]) == ()


def test_records_are_lines_of_a_zone_file() -> None:
    lines = [
        str(r) for r in records(("*.shop.example.org",), ("192.0.2.10", "2001:db8::1", "lb.example.com"))
    ]
    assert lines == [
        "*.shop.example.org. 300 IN A 192.0.2.10",
        "*.shop.example.org. 300 IN AAAA 2001:db8::1",
    ]
    assert [str(r) for r in records(("dev.example.net",), ("lb.example.com",))] == [
        "dev.example.net. 300 IN CNAME lb.example.com."
    ]
    assert records(("dev.example.net",), ()) == ()


def test_names_of_this_machine_need_no_record() -> None:
    assert not is_public("shop.localhost")
    assert not is_public("localhost")
    assert is_public("localhost.example.org")
