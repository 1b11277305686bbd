"""The state folder without room, and without the right to write: said clearly, nothing lost, order afterwards."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Iterator

import pytest
from faults import CAN_MOUNT, Ballast, in_order, run, run_to
from shop import EVERY_STEP, Shop, lost, some
from striking import VERBS, Suite, next_release

from greenroom.domain.errors import Exit

pytestmark = [
    pytest.mark.skipif(not CAN_MOUNT, reason="mounting a small file system needs root's rights"),
    pytest.mark.timeout(900),
]

ROOM = "700m"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop whose state folder is a file system of its own."""
    made = Shop(tmp_path_factory.mktemp("disk") / "marketplace")
    made.make()
    toml = made.folder / "greenroom.toml"
    toml.write_text(toml.read_text().replace('watch = "5s"', 'watch = "1s"'))
    made.commit("a brief watch")
    made.state.mkdir(mode=0o700)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={ROOM},mode=0700", "none", str(made.state)]
    subprocess.run(mount, check=True)
    try:
        made.json("up")
        made.seed(24)
        yield made
    finally:
        Ballast(made.state).drop()
        made.destroy()
        subprocess.run(["umount", "-l", str(made.state)], check=True)


def test_no_room_at_any_step_of_a_deploy(shop: Shop) -> None:
    """Reading goes on; the deploy succeeds, or says that the disk is full; with room again all is in order."""
    suite, ballast = Suite(shop), Ballast(shop.state)
    points = suite.points(VERBS["deploy"])
    assert len(points) > 8
    ends: Counter[str] = Counter()
    for point in some(points):
        VERBS["deploy"].before(shop)
        words = next_release(shop)
        orders = count(shop)
        with shop.load(25.0, get=2, fresh=1, post=1, slow=0, upload=0, static=0) as load:
            try:
                done = run_to(shop, point, lambda _command: ballast.load(), *words)
            finally:
                ballast.drop()
            up = run(shop, "up", "--wait", "60").told_well()
            assert up.exit == 0, f"{point}: {up.said}"
            in_order(shop)
            tally = load.stop()
        done.told_well()
        assert done.exit in (Exit.DONE, Exit.FAILED, Exit.ROLLED_BACK, Exit.UNSAFE), f"{point}: {done.said}"
        assert done.exit == 0 or "the disk is full" in done.error["message"], f"{point}: {done.said}"
        ends[done.code] += 1
        # A worker that writes to a mapped file without room (the metrics of prometheus_client) is ended by SIGBUS: what it
        # had in flight is the fault's own price, and gunicorn starts another one.
        assert tally.lost <= 2, f"{point}: {lost(tally)}"
        assert all(loss.status == 502 for loss in tally.losses), f"{point}: {lost(tally)}"
        assert count(shop) == orders
    assert ends["disk-full"] > (2 if EVERY_STEP else 0), ends
    assert shop.json("ledger", "verify")["entries"] > 3


READS = ("status", "releases", "logs", "ledger", "ledger verify", "unlock")
WRITES = ("up", "deploy", "restart", "rollback", "maintenance on", "run -- true", "down", "destroy --yes")


def test_nothing_may_be_written(shop: Shop) -> None:
    """A disk that has become read-only: what only looks still works; everything else says so and changes nothing."""
    in_order(shop)
    state = str(shop.state)
    script = f'mount --bind {state} {state} && mount -o remount,bind,ro {state} && exec "$@"'
    read_only = ("unshare", "-m", "sh", "-c", script, "sh")
    before, live = written(shop), shop.live()
    with shop.load(25.0, get=2, fresh=1, post=1, slow=0, upload=0, static=0) as load:
        for verb in READS:
            done = run(shop, *verb.split(), before=read_only).told_well()
            assert done.exit == 0, f"{verb}: {done.said}"
        for verb in WRITES:
            done = run(shop, *verb.split(), before=read_only).told_well()
            assert (done.exit, done.code) == (Exit.FAILED, "read-only"), f"{verb}: {done.said}"
            assert written(shop) == before, verb
        tally = load.stop()
    assert tally.lost == 0, lost(tally)
    assert shop.live() == live
    assert shop.json("restart", "--no-watch")["serving"] != live


def written(shop: Shop) -> dict[str, int]:
    """When each file that commands write was last written, to the nanosecond."""
    folders = ("slots", "edge", "units", "run", "jobs", "builds")
    files = [
        path for name in folders for path in (shop.state / name).rglob("*") if "prometheus" not in path.parts
    ]
    alone = [
        shop.state / name for name in ("ledger.sqlite", "public.json", "short", "version", "supervisor.json")
    ]
    return {str(path): path.lstat().st_mtime_ns for path in (*files, *alone)}


def count(shop: Shop) -> str:
    """Rows that must all be there afterwards."""
    query = "select (select count(*) from products) || ' ' || (select count(*) from users)"
    script = f"import os,psycopg; print(psycopg.connect(os.environ['DATABASE_URL']).execute({query!r}).fetchone()[0])"
    done = shop.run("run", "--", "python", "-c", script)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()
