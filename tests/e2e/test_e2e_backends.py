"""PostgreSQL without a connection left, and an object store that stands still, under load."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from faults import Ended, in_order, run, short, stopped
from shop import Shop, lost
from striking import next_release

from greenroom.domain.errors import Exit
from greenroom.drivers.s3.store import PATIENCE_SECONDS

pytestmark = pytest.mark.timeout(600)

RATE = 15.0


def secrets(shop: Shop) -> tuple[str, str]:
    """The DSN of the app's role, and the superuser's."""
    live = shop.live()
    url = json.loads((shop.state / "units" / f"web-{live}.json").read_text())["env"]["DATABASE_URL"]
    password = json.loads((shop.state / "secrets" / "_platform.json").read_text())["POSTGRES_PASSWORD"]
    return url, f"host={short(shop) / 'pg'} port=5432 user=postgres password={password} dbname=postgres"


@contextmanager
def crowd(dsn: str) -> Iterator[list[psycopg.Connection[object]]]:
    """Every connection there is, and each one that comes free, while the block runs."""
    taken: list[psycopg.Connection[object]] = []
    full, over = threading.Event(), threading.Event()

    def take() -> None:
        while not over.is_set():
            try:
                taken.append(psycopg.connect(dsn, autocommit=True))
            except psycopg.OperationalError:
                full.set()
                over.wait(0.02)

    taker = threading.Thread(target=take)
    taker.start()
    try:
        assert full.wait(60.0)
        yield taken
    finally:
        over.set()
        taker.join()
        for connection in taken:
            connection.close()


def test_no_connection_left_for_the_app(shop: Shop) -> None:
    """Those kept for the superuser let Greenroom in; a new slot finds none, and does not come on stage."""
    in_order(shop)
    app, _superuser = secrets(shop)
    before, ends = shop.live(), dict[str, Ended]()
    with shop.load(RATE, get=3, fresh=1, post=1, slow=0, upload=0, static=1) as load:
        with crowd(app) as taken:
            assert len(taken) > 10
            for verb in ("status", "up", "doctor", "restart"):
                ends[verb] = run(shop, verb).told_well()
            ends["deploy"] = run(shop, *next_release(shop)).told_well()
        in_order(shop)
        tally = load.stop()
    print(
        {verb: (e.exit, e.code, e.error.get("message")) for verb, e in ends.items()},
        tally.lost,
        tally.app_errors,
    )
    assert [ends[verb].exit for verb in ("status", "doctor")] == [0, 0]
    # What serves keeps the connections that its pool has; whether its own readiness finds one is chance.
    assert (ends["up"].exit, ends["up"].code) in ((0, ""), (Exit.FAILED, "not-ready"))
    assert (ends["restart"].exit, ends["restart"].code) == (Exit.ROLLED_BACK, "not-ready")
    assert "answer:  503" in ends["restart"].error["details"]
    assert (ends["deploy"].exit, ends["deploy"].code) == (Exit.ROLLED_BACK, "migration-failed")
    assert "the database has no connection left" in ends["deploy"].error["message"]
    assert tally.lost == 0, lost(tally)
    assert shop.live() == before
    assert shop.json("deploy", "--no-watch")["serving"] != before


def test_no_connection_left_at_all(shop: Shop) -> None:
    """Not even the superuser's: every command that needs the database says so, nothing changes."""
    in_order(shop)
    app, superuser = secrets(shop)
    before, ends = shop.live(), dict[str, Ended]()
    with shop.load(RATE, get=3, fresh=1, post=1, slow=0, upload=0, static=1) as load:
        with crowd(app), crowd(superuser) as taken:
            assert taken
            for verb in ("status", "up", "doctor", "restart", "deploy"):
                ends[verb] = run(shop, verb).told_well()
        in_order(shop)
        tally = load.stop()
    print(
        {verb: (e.exit, e.code, e.error.get("message")) for verb, e in ends.items()},
        tally.lost,
        tally.app_errors,
    )
    assert ends["status"].exit == 0
    for verb in ("up", "restart", "deploy"):
        assert (ends[verb].exit, ends[verb].code) == (Exit.FAILED, "no-connection"), ends[verb].said
    assert tally.lost == 0, lost(tally)
    assert shop.live() == before
    assert run(shop, "up").exit == 0


@pytest.mark.parametrize("seconds", [12.0, 45.0], ids=["for a while", "for too long"])
def test_an_object_store_that_does_not_answer(shop: Shop, seconds: float) -> None:
    """``up`` waits and says so, and ends when its patience does; pages that need no upload are served meanwhile."""
    in_order(shop)
    pid = shop.unit_pid("s3")
    with shop.load(RATE, get=3, fresh=1, post=1, slow=0, upload=0, static=1) as load:
        ups: list[Ended] = []
        up = threading.Thread(target=lambda: ups.append(run(shop, "--progress", "lines", "up")))
        with stopped(pid):
            began = time.monotonic()
            up.start()
            up.join(seconds)
            hung = up.is_alive()
        up.join(120.0)
        took = time.monotonic() - began
        in_order(shop)
        tally = load.stop()
    (done,) = ups
    print(
        seconds,
        done.exit,
        done.code,
        done.error.get("message"),
        f"{took:.1f} s",
        tally.lost,
        tally.app_errors,
    )
    done.told_well()
    assert tally.lost == 0, lost(tally)
    assert tally.app_errors == 0
    assert shop.unit_pid("s3") == pid
    assert "the object store does not answer yet" in done.said
    if seconds < PATIENCE_SECONDS:
        assert hung
        assert done.exit == 0, done.said
    else:
        assert not hung, "it ends by itself"
        assert (done.exit, done.code) == (Exit.FAILED, "s3")
        assert run(shop, "up").exit == 0
