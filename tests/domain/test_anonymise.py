"""Which columns look personal, and what a rule may say."""

from __future__ import annotations

import pytest

from greenroom.domain.anonymise import Column, Fake, Kind, Rule, Rules, impossible, uncovered


@pytest.mark.parametrize(
    ("name", "type"),
    [
        *((name, "text") for name in ("email", "user_email", "Name", "firstName", "phone2", "ip", "last_ip")),
        *(
            (name, "character varying")
            for name in ("iban", "api_token", "password_hash", "ship_street", "username")
        ),
        *((name, "inet") for name in ("ip", "remote_address")),
        ("emails", "text[]"),
        ("anything", "jsonb"),
        ("anything", "json[]"),
        ("birthday", "date"),
        ("secret", "bytea"),
    ],
)
def test_what_looks_personal(name: str, type: str) -> None:
    assert Column("users", name, type).personal


@pytest.mark.parametrize(
    ("name", "type"),
    [
        ("id", "bigint"),
        ("email_count", "integer"),
        ("created_at", "timestamp with time zone"),
        ("slug", "text"),
        ("state", "character varying"),
        ("recipe", "text"),
        ("equipment", "text"),
        ("picture", "bytea"),
    ],
)
def test_what_does_not(name: str, type: str) -> None:
    assert not Column("users", name, type).personal


def test_a_rule_is_read() -> None:
    assert Rule.parse("keep") == Rule(Kind.KEEP)
    assert Rule.parse("null") == Rule(Kind.NULL)
    assert Rule.parse("hash:people") == Rule(Kind.HASH, "people")
    assert Rule.parse("const:a:b") == Rule(Kind.CONST, "a:b")
    assert Rule.parse("const:") == Rule(Kind.CONST, "")
    assert [Rule.parse(f"fake:{fake}").argument for fake in Fake] == list(Fake)


@pytest.mark.parametrize(
    "text", ["", "drop", "hash", "hash:", "fake", "fake:passport", "keep:it", "null:", "const"]
)
def test_a_rule_that_says_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"must be|can fake"):
        Rule.parse(text)


def test_a_table_of_another_schema_is_named_with_it() -> None:
    column = Column("more.people", "email", "text")
    rules = Rules({"more.people.email": Rule.parse("null")})
    assert uncovered([column], rules) == ()
    assert rules.tables == ("more.people",)
    assert rules.of_table("more.people") == {"email": Rule(Kind.NULL)}
    assert uncovered([column], Rules()) == ("more.people.email",)


def test_kept_and_emptied_are_covered_and_not_changed() -> None:
    columns = [Column("users", "email", "text"), Column("sessions", "token", "text")]
    rules = Rules({"users.email": Rule.parse("keep")}, frozenset({"sessions"}))
    assert uncovered(columns, rules) == ()
    assert impossible(columns, rules) == ()
    assert rules.tables == ()


def test_text_is_not_made_for_what_is_no_text() -> None:
    columns = [Column("users", "born", "date"), Column("users", "payload", "jsonb")]
    rules = Rules({"users.born": Rule.parse("fake:text"), "users.payload": Rule.parse("hash:x")})
    assert len(impossible(columns, rules)) == 2
