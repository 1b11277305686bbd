"""Good and bad releases, deployed while people shop."""

from __future__ import annotations

import time

import pytest
from shop import Shop, lost


def nothing_lost(load: object) -> None:
    tally = load.stop()  # type: ignore[attr-defined]
    assert tally.requests > 10
    assert tally.lost == 0, lost(tally)


@pytest.mark.parametrize(
    ("name", "code", "says"),
    [
        ("broken", "not-ready", "did not become ready"),
        ("crash", "", ""),
        ("failing-migration", "migration-failed", "failed"),
    ],
)
def test_a_bad_release_is_refused_entry(shop: Shop, name: str, code: str, says: str) -> None:
    bad = shop.patched(name)
    before = shop.live()
    toml = shop.folder / "greenroom.toml"
    toml.write_text(toml.read_text() + 'probe_timeout = "8s"\n')
    try:
        with shop.load() as load:
            error = shop.json("deploy", bad, exit=4)
            nothing_lost(load)
    finally:
        toml.write_text(toml.read_text().replace('probe_timeout = "8s"\n', ""))
    assert code in error["code"]
    assert says in error["message"]
    assert f"{before} serves" in error["message"]
    assert error["details"]
    assert shop.live() == before
    assert [s["id"] for s in shop.json("status")["slots"] if s["state"] == "not on stage"] == []


def test_a_good_release_with_a_migration_and_back(shop: Shop) -> None:
    good = shop.patched("good")
    before = shop.live()
    with shop.load() as load:
        done = shop.json("deploy", good)
        assert any(s["kind"] == "migrate" for s in done["plan"]["steps"])
        assert done["serving"] != before
        back = shop.json("rollback")
        assert back["serving"] == before
        again = shop.json("rollback")
        assert again["serving"] == done["serving"]
        shop.json("rollback")
        nothing_lost(load)
    assert shop.live() == before


def test_a_slow_starter_gets_its_time(shop: Shop) -> None:
    slow = shop.patched("slow-start")
    with shop.load() as load:
        done = shop.json("deploy", slow, "--no-watch")
        nothing_lost(load)
    assert shop.live() == done["serving"]
    shop.json("rollback")


def test_a_release_that_turns_bad_is_returned_by_itself(shop: Shop) -> None:
    bad = shop.patched("turns-bad")
    before = shop.live()
    with shop.load(get=6, fresh=1, post=1, slow=1, upload=1, static=1) as load:
        error = shop.json("deploy", bad, exit=4)
        tally = load.stop()
    assert error["code"] == "turned-bad"
    assert shop.live() == before
    assert tally.lost == 0, lost(tally)
    assert tally.app_errors > 0


def test_two_deploys_at_once(shop: Shop) -> None:
    first = shop.start("restart")
    time.sleep(1.0)
    error = shop.json("restart", exit=6)
    assert "restart is running" in error["message"]
    waited = shop.run("restart", "--no-watch", "--wait", "60")
    assert waited.returncode == 0, waited.stderr
    assert first.wait(60) == 0
    first.communicate()


def test_a_migration_waits_for_a_lock(shop: Shop) -> None:
    """Somebody holds the table: the migration gives way and tries again, the shop goes on."""
    good = shop.patched("good")
    hold = "begin; lock table orders in access exclusive mode; select pg_sleep(4); rollback"
    script = f"import os,psycopg; c=psycopg.connect(os.environ['DATABASE_URL']); c.execute({hold!r})"
    holder = shop.start("run", "--name", "holder", "--", "python", "-c", script)
    time.sleep(1.5)
    # The revision may be applied by an earlier test: then nothing has to wait, and that is fine too.
    done = shop.run("deploy", good, "--no-watch")
    assert done.returncode == 0, done.stderr
    holder.communicate(timeout=60)
    shop.json("rollback")
