"""The administrator's address: what libpq gets of it, what an app gets, and what is refused."""

from __future__ import annotations

import hashlib
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.secret import Secret
from greenroom.drivers.postgres.address import server_address
from greenroom.drivers.postgres.scram import scram_verifier

WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1)


@settings(deadline=None)
@given(user=WORDS, password=WORDS, database=WORDS)
def test_every_word_reaches_libpq_and_none_the_app(user: str, password: str, database: str) -> None:
    assume(not database.startswith("/"))
    url = f"postgresql://{quote(user, safe='')}:{quote(password, safe='')}@db.example.org:6432/{quote(database, safe='')}"
    server = server_address(Secret(f"{url}?sslmode=require"))
    lines = dict(line.split("=", 1) for line in server.service().splitlines()[1:])
    assert (lines["user"], lines["password"], lines["dbname"]) == (user, password, database)
    assert (lines["host"], lines["port"], lines["sslmode"]) == ("db.example.org", "6432", "require")
    app = urlsplit(server.url("a/b", Secret("w@rd"), "c?d").reveal())
    assert (app.hostname, app.port, dict(parse_qsl(app.query))) == (
        "db.example.org",
        6432,
        {"sslmode": "require"},
    )
    assert [unquote(part or "") for part in (app.username, app.password, app.path)] == ["a/b", "w@rd", "/c?d"]


@pytest.mark.parametrize(
    ("told", "app"),
    [
        ("postgres://a:b@[2001:db8::1]/x", "postgresql://r:p@[2001:db8::1]/d"),
        ("postgresql+psycopg://a@db", "postgresql://r:p@db/d"),
        ("postgresql://a@one:1,two:2/x", "postgresql://r:p@/d?host=one%2Ctwo&port=1%2C2"),
        ("postgresql://a@/x?host=/run/pg", "postgresql://r:p@/d?host=%2Frun%2Fpg"),
        ("postgresql://a@db/x?options=-cfoo%3Dbar", "postgresql://r:p@db/d"),
    ],
)
def test_an_apps_address(told: str, app: str) -> None:
    assert server_address(Secret(told)).url("r", Secret("p"), "d").reveal() == app


@pytest.mark.parametrize(
    "told",
    [
        "mysql://a:s3cret@db/x",
        "postgresql:///x",
        "postgresql://db/x",
        "postgresql://a:s3cret@/x",
        "postgresql://a:s3cret%0Ahost=evil@db/x",
        "postgresql://a:s3cret%20@db/x",
        "postgresql://a:s3cret@db/x?service=other",
        "postgresql://a:s3cret@db/x?a%3Db=c",
        "postgresql://a:s3cret@[db/x",
        "postgresql://a:s3cret@db:1:2/x",
        "s3cret",
        "",
    ],
)
def test_what_is_no_address_is_refused_unseen(told: str) -> None:
    with pytest.raises(GreenroomError) as refused:
        server_address(Secret(told))
    assert (refused.value.code, refused.value.exit) == ("no-admin-address", Exit.USAGE)
    assert "s3cret" not in f"{refused.value.message} {refused.value.hint}"


def test_a_verifier_is_what_rfc_7677_computes() -> None:
    """Its example's proof: the stored key is the digest of the client's key, which the proof and the signature give."""
    import base64
    import hmac

    salt = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
    _, _, keys = scram_verifier(Secret("pencil"), salt).split("$")
    stored, server = (base64.b64decode(part) for part in keys.split(":"))
    said = (
        b"n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
        b"s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    )
    proof = base64.b64decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
    client = bytes(a ^ b for a, b in zip(proof, hmac.digest(stored, said, "sha256"), strict=True))
    assert hashlib.sha256(client).digest() == stored
    signed = base64.b64decode("6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")
    assert hmac.digest(server, said, "sha256") == signed
