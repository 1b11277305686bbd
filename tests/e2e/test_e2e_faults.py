"""Descriptors, memory, connections and the object store run out or stand still, under load."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
from faults import Ended, eventually, in_order, run, run_to, stopped
from shop import Shop, lost
from striking import next_release

from greenroom.domain.errors import Exit
from greenroom.drivers.system.net import unix_table
from greenroom.drivers.system.proc import children, kill_frozen

pytestmark = pytest.mark.timeout(600)

RATE = 30.0


def masters(shop: Shop) -> tuple[str, int]:
    """The live slot and its gunicorn master."""
    live = shop.live()
    return live, shop.unit_pid(f"web-{live}")


# Descriptors


@pytest.mark.parametrize("verb", ["status", "restart"])
def test_a_command_with_hardly_any_descriptor(shop: Shop, verb: str) -> None:
    """It ends well or says what is lacking; whatever it had begun is undone, and nobody outside notices."""
    in_order(shop)
    before = shop.live()
    exits: dict[int, str] = {}
    with shop.load(RATE) as load:
        for most in (*range(3, 9), 12, 24):
            done = run(shop, verb, before=("prlimit", f"--nofile={most}:{most}"))
            exits[most] = f"{done.exit} {done.code}"
            if "Fatal Python error" in done.said or "init_import_site" in done.said:
                continue  # Python itself does not start with that few
            done.told_well()
            assert done.exit in (Exit.DONE, Exit.FAILED, Exit.ROLLED_BACK, Exit.UNSAFE), done.said
            if done.exit:
                assert done.code == "no-descriptors", f"{most}: {done.said}"
        in_order(shop)
        tally = load.stop()
    print(exits)
    assert tally.lost == 0, lost(tally)
    assert exits[24].startswith("0"), exits
    assert any(told.endswith("no-descriptors") for told in exits.values()), exits
    if verb == "status":
        assert shop.live() == before


# Memory


def held_by(pid: int, slot: str, table: str) -> int:
    """Requests that a worker process has accepted and not answered: its connections on the slot's socket."""
    inodes = set()
    for fd in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            if found := re.match(r"socket:\[(\d+)\]", str(fd.readlink())):
                inodes.add(found[1])
    rows = (line.split() for line in table.splitlines() if line.endswith(f"/slots/{slot}/web.sock"))
    return sum(1 for row in rows if row[6] in inodes and row[5] in ("02", "03"))


def test_a_worker_killed_for_memory(shop: Shop) -> None:
    """What the kernel does when memory is short: at most its own requests are lost, and it is replaced."""
    in_order(shop)
    live, master = masters(shop)
    for _ in range(3):
        victim, *_others = children(master)
        with shop.load(RATE) as load:
            time.sleep(2.0)
            held = kill_frozen(victim, False, lambda victim=victim: str(held_by(victim, live, unix_table())))  # type: ignore[misc]
            eventually(lambda victim=victim: replaced(master, victim, 2))  # type: ignore[misc]
            time.sleep(1.0)
            tally = load.stop()
        assert tally.requests > 50
        print("held", held, "lost", tally.lost)
        assert tally.lost <= int(held), lost(tally)
        assert tally.app_errors == 0
    assert masters(shop) == (live, master)
    in_order(shop)


def replaced(master: int, gone: int, number: int) -> None:
    """There are as many workers as before, and that one is not among them."""
    workers = children(master)
    assert gone not in workers
    assert len(workers) == number


MEMORY = Path("/sys/fs/cgroup/memory")


@contextmanager
def memory_limit(limit: str) -> Iterator[Path]:
    """A control group with that much memory, which ends who needs more."""
    group = MEMORY / f"greenroom-test-{os.getpid()}"
    try:
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text(limit)
    except OSError as error:
        pytest.skip(f"no control group for memory can be made here: {error}")
    try:
        yield group
    finally:
        eventually(group.rmdir)


def test_a_worker_that_takes_too_much_memory(shop: Shop) -> None:
    """The kernel's own OOM killer, on one worker alone."""
    in_order(shop)
    live, master = masters(shop)
    victim, *_others = children(master)
    with memory_limit("6M") as group, shop.load(RATE) as load:
        (group / "cgroup.procs").write_text(str(victim))
        eventually(lambda: replaced(master, victim, 2))
        time.sleep(1.0)
        tally = load.stop()
        kills = (group / "memory.oom_control").read_text()
    print("oom", kills.split(), "lost", tally.lost)
    assert "oom_kill 1" in kills
    # Of that worker's own requests: eight threads, and as many more as it has accepted for them.
    assert tally.lost <= 8, lost(tally)
    assert masters(shop) == (live, master)
    in_order(shop)


def test_workers_that_die_again_and_again_after_a_switch(shop: Shop) -> None:
    """A release that needs more memory than there is: it turns bad within the watch, and is returned from."""
    in_order(shop)
    before, ended = shop.live(), threading.Event()

    def reap(slot: str) -> None:
        master = shop.unit_pid(f"web-{slot}")
        while not ended.wait(0.1):
            for worker in children(master):
                with suppress(ProcessLookupError):
                    os.kill(worker, 9)

    def begin(_command: int) -> None:
        target = (shop.state / "edge" / "production" / "live").readlink().name
        assert target != before
        threading.Thread(target=reap, args=(target,), daemon=True).start()

    with shop.load(RATE, get=6, fresh=2, post=1, slow=0, upload=0, static=0) as load:
        try:
            done = run_to(shop, "watch:1", begin, "restart").told_well()
        finally:
            ended.set()
        tally_then = load.now()
        in_order(shop)
        time.sleep(2.0)
        late = [r for r in load.since(tally_then + 1.0) if r.lost or r.app_error]
        load.stop()
    print(done.exit, done.code, done.error.get("message"), "late", len(late))
    assert (done.exit, done.code) == (Exit.ROLLED_BACK, "turned-bad"), done.said
    assert shop.live() == before
    assert late == []


# Connections


def secrets(shop: Shop) -> tuple[str, str]:
    """The DSN of the app's role, and the superuser's."""
    import json

    live = shop.live()
    url = json.loads((shop.state / "units" / f"web-{live}.json").read_text())["env"]["DATABASE_URL"]
    password = json.loads((shop.state / "secrets" / "_platform.json").read_text())["POSTGRES_PASSWORD"]
    socket = Path((shop.state / "short").read_text().strip()) / "s" / "pg"
    return url, f"host={socket} port=5432 user=postgres password={password} dbname=postgres"


def crowd(stack: ExitStack, dsn: str) -> int:
    """Take connections until there is none left; how many."""
    taken = 0
    with suppress(psycopg.OperationalError):
        while True:
            stack.enter_context(psycopg.connect(dsn, autocommit=True))
            taken += 1
    return taken


def test_no_connection_left_for_the_app(shop: Shop) -> None:
    """Those kept for the superuser let Greenroom in; a new slot finds none, and does not come on stage."""
    in_order(shop)
    app, _superuser = secrets(shop)
    before, ends = shop.live(), dict[str, Ended]()
    with shop.load(RATE, get=3, fresh=1, post=1, slow=0, upload=0, static=1) as load, ExitStack() as stack:
        assert crowd(stack, app) > 10
        for verb in ("status", "up", "doctor", "restart"):
            ends[verb] = run(shop, verb).told_well()
        ends["deploy"] = run(shop, *next_release(shop)).told_well()
        stack.close()
        in_order(shop)
        tally = load.stop()
    print(
        {verb: (e.exit, e.code, e.error.get("message")) for verb, e in ends.items()},
        tally.lost,
        tally.app_errors,
    )
    assert [ends[verb].exit for verb in ("status", "up", "doctor")] == [0, 0, 0]
    assert (ends["restart"].exit, ends["restart"].code) == (Exit.ROLLED_BACK, "not-ready")
    assert (ends["deploy"].exit, ends["deploy"].code) == (Exit.ROLLED_BACK, "migration-failed")
    assert all("no connection left" in ends[verb].error["message"] for verb in ("restart", "deploy"))
    assert tally.lost == 0, lost(tally)
    assert shop.live() == before
    assert shop.json("deploy", "--no-watch")["serving"] != before


def test_no_connection_left_at_all(shop: Shop) -> None:
    """Not even the superuser's: every command that needs the database says so, nothing changes."""
    in_order(shop)
    app, superuser = secrets(shop)
    before, ends = shop.live(), dict[str, Ended]()
    with shop.load(RATE, get=3, fresh=1, post=1, slow=0, upload=0, static=1) as load, ExitStack() as stack:
        crowd(stack, app)
        assert 0 < crowd(stack, superuser) <= 3
        for verb in ("status", "up", "doctor", "restart", "deploy"):
            ends[verb] = run(shop, verb).told_well()
        stack.close()
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


# The object store


@pytest.mark.parametrize("seconds", [6.0, 45.0], ids=["for a while", "for too long"])
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
    if seconds < 20.0:
        assert hung
        assert done.exit == 0, done.said
    else:
        assert not hung, "it ends by itself"
        assert (done.exit, done.code) == (Exit.FAILED, "s3")
        assert run(shop, "up").exit == 0
