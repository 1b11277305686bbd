"""Descriptors and memory run out, under load."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from faults import eventually, in_order, run, run_to, short
from shop import Shop, lost

from greenroom.domain.errors import Exit
from greenroom.drivers.system.net import ask_unix, unix_table
from greenroom.drivers.system.proc import children, kill_frozen

pytestmark = pytest.mark.timeout(600)

RATE = 15.0


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
        for most in (4, 5, 6, 24):
            done = run(shop, verb, before=("prlimit", f"--nofile={most}:{most}"))
            exits[most] = f"{done.exit} {done.code}"
            if "Fatal Python error" in done.said or "while loading shared libraries" in done.said:
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
        assert tally.requests > 10
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
        for pid in (group / "cgroup.procs").read_text().split():  # who was not ended after all
            (MEMORY / "cgroup.procs").write_text(pid)
        eventually(group.rmdir)


def test_a_worker_that_takes_too_much_memory(shop: Shop) -> None:
    """The kernel's own OOM killer, on one worker alone."""
    in_order(shop)
    live, master = masters(shop)
    victim, *_others = children(master)
    with memory_limit("6M") as group, shop.load(RATE) as load:
        (group / "cgroup.procs").write_text(str(victim))
        eventually(lambda: too_much(shop, live, master, victim))
        time.sleep(1.0)
        tally = load.stop()
        kills = (group / "memory.oom_control").read_text()
    print("oom", kills.split(), "lost", tally.lost)
    assert "oom_kill 1" in kills
    # Of that worker's own requests: eight threads, and as many more as it has accepted for them.
    assert tally.lost <= 8, lost(tally)
    assert masters(shop) == (live, master)
    in_order(shop)


def too_much(shop: Shop, live: str, master: int, victim: int) -> None:
    """Ask for something large, until the worker that may not hold it is gone and replaced."""
    with suppress(OSError):
        ask_unix(
            str(short(shop) / "slots" / live / "web.sock"), "/api/echo", {}, 10.0, "POST", "x" * (16 << 20)
        )
    replaced(master, victim, 2)


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
