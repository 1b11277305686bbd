"""The table [signin]: what it means, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenroom.config import load
from greenroom.domain.access import SESSION_SECONDS, SignIn
from greenroom.domain.environment import Access, Admitted
from greenroom.domain.errors import GreenroomError

HEAD = 'name = "shop"\n[app]\nwsgi = "wsgi:app"\n[signin]\n'


def loaded(tmp_path: Path, text: str) -> SignIn:
    (tmp_path / "greenroom.toml").write_text(HEAD + text)
    return load(tmp_path / "greenroom.toml").sign_in


def test_nothing_said(tmp_path: Path) -> None:
    assert loaded(tmp_path, "") == SignIn(session=SESSION_SECONDS)


def test_all_of_it(tmp_path: Path) -> None:
    text = """
host = "login.example.org"
issuer = "https://gitlab.example.org"
client_id = "a1"
groups = ["company/shop"]
emails = ["@example.org", "ada@example.net"]
session = "8h"
ca_file = "/etc/ssl/company.pem"
"""
    assert loaded(tmp_path, text) == SignIn(
        "login.example.org",
        "https://gitlab.example.org",
        "a1",
        ("company/shop",),
        ("@example.org", "ada@example.net"),
        8 * 3600.0,
        "/etc/ssl/company.pem",
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('issuer = "https://gitlab.example.org"', '"client_id"'),
        ('client_id = "a1"', '"issuer"'),
        ('issuer = "http://gitlab.example.org"\nclient_id = "a"', "https URL"),
        ('issuer = "https://user@gitlab.example.org"\nclient_id = "a"', "https URL"),
        ('issuer = "https://gitlab.example.org?x"\nclient_id = "a"', "https URL"),
        ('issuer = "gitlab.example.org"\nclient_id = "a"', "https URL"),
        ('emails = ["example.org"]', "must be an address"),
        ('emails = ["@"]', "must be an address"),
        ('host = "https://x"', "host name"),
        ('client_secret = "x"', "client_secret"),
    ],
)
def test_mistakes(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(GreenroomError) as caught:
        loaded(tmp_path, text)
    assert says in caught.value.details


def test_who_may_see_one_environment(tmp_path: Path) -> None:
    text = """
[[environments]]
name = "staging"
access = "private"
users = ["ada"]
groups = ["company/shop"]
emails = ["@example.org"]
allow_ips = ["192.0.2.0/24", "2001:db8::1"]
"""
    (tmp_path / "greenroom.toml").write_text(HEAD + text)
    staging = next(r for r in load(tmp_path / "greenroom.toml").rules if r.name == "staging")
    place = staging.environment("staging")
    assert place.access is Access.PRIVATE
    assert place.admitted == Admitted(
        ("ada",), ("192.0.2.0/24", "2001:db8::1"), ("company/shop",), ("@example.org",)
    )
    (tmp_path / "greenroom.toml").write_text(HEAD + text.replace("192.0.2.0/24", "office"))
    with pytest.raises(GreenroomError) as caught:
        load(tmp_path / "greenroom.toml")
    assert "must be an address or a network" in caught.value.details
