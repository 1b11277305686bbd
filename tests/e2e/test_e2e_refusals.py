"""Misconfiguration of every kind: a clear message, the right exit code, and the old slot serves on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from faults import eventually
from shop import Shop


@contextmanager
def toml(shop: Shop, more: str) -> Iterator[None]:
    """greenroom.toml with more at its end."""
    file = shop.folder / "greenroom.toml"
    before = file.read_text()
    file.write_text(before + more)
    try:
        yield
    finally:
        file.write_text(before)


def test_a_key_that_changes_would_sign_everybody_out(shop: Shop) -> None:
    before = shop.live()
    file = shop.folder / "greenroom.toml"
    text = file.read_text()
    file.write_text(text.replace("[env]\n", '[env]\nSECRET_KEY = "another-key-than-before-0123456789"\n'))
    try:
        error = shop.json("restart", exit=3)
    finally:
        file.write_text(text)
    assert error["code"] == "sessions-lost"
    assert "sign everybody out" in error["message"]
    assert shop.live() == before


def test_two_slots_must_fit_into_the_database(shop: Shop) -> None:
    before = shop.live()
    with toml(shop, "\n[database]\nmax_connections = 30\n"):
        error = shop.json("restart", exit=3)
    assert error["code"] == "connection-budget"
    assert "of 30 connections" in error["message"]
    assert shop.live() == before


def test_a_wrong_database_password(shop: Shop) -> None:
    before = shop.live()
    change = "import os,psycopg; c=psycopg.connect(os.environ['DATABASE_URL'],autocommit=True);"
    change += "c.execute(\"alter role shop_production password 'wrong'\")"
    assert shop.run("run", "--", "python", "-c", change).returncode == 0
    with toml(shop, 'probe_timeout = "15s"\n'):
        error = shop.json("restart", exit=4)
    assert error["code"] == "not-ready"
    assert "503" in error["details"]
    assert shop.live() == before
    shop.json("up")
    assert shop.json("restart", "--no-watch")["serving"] != before


def test_every_mistake_of_the_file_at_once(shop: Shop) -> None:
    with toml(shop, 'probe_timout = "6s"\nwatch_more = 3\n'):
        error = shop.json("status", exit=2)
    lines = error["details"].splitlines()
    assert len(lines) == 2
    assert all(line.startswith("greenroom.toml:") for line in lines)
    assert 'did you mean "probe_timeout"' in error["details"]


def test_what_is_not_there(shop: Shop) -> None:
    assert shop.json("deploy", "no-such-branch", exit=2)["code"] == "unknown-ref"
    assert shop.json("rollback", "ffffffffffff", exit=2)["hint"]
    assert shop.json("logs", "nothing", exit=2)["hint"].startswith("there is: ")
    assert shop.json("--env", "moon", "status", exit=2)["code"] == "no-environment"
    assert shop.json("deplyo", exit=2)["message"].endswith("did you mean 'deploy'?")


def healthy(shop: Shop) -> None:
    assert shop.json("status")["healthy"] is True


def nobody_holds(shop: Shop) -> None:
    """Due work may come first: it ends what was cut short."""
    assert shop.json("unlock")["holder"] is None


def test_nobody_to_ask(shop: Shop) -> None:
    error = shop.json("destroy", exit=2)
    assert error["hint"] == "add --yes"
    eventually(lambda: healthy(shop))


def test_unlock_ends_who_holds_the_lock(shop: Shop) -> None:
    import time

    holder = shop.start("restart")
    time.sleep(1.5)
    assert shop.json("unlock", "--yes")["holder"] == "restart"
    holder.communicate(timeout=60)
    assert holder.returncode in (130, -9, 137)
    eventually(lambda: nobody_holds(shop))
