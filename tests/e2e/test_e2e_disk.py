"""The state folder without room, and without the right to write: said clearly, nothing lost, order afterwards."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest
from faults import CAN_MOUNT, Ballast, in_order, run, run_to
from shop import Shop, lost
from striking import VERBS, Suite, next_release

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
    print(points)
    assert len(points) > 8
    told: dict[str, str] = {}
    for point in points:
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
        told[point] = f"{done.exit} {done.code} lost {tally.lost}"
        print(point, told[point], done.error.get("message"), flush=True)
        done.told_well()
        assert tally.lost == 0, f"{point}: {lost(tally)}"
        assert count(shop) == orders
    assert shop.json("ledger", "verify")["entries"] > 3


def count(shop: Shop) -> str:
    """Rows that must all be there afterwards."""
    query = "select (select count(*) from products) || ' ' || (select count(*) from users)"
    script = f"import os,psycopg; print(psycopg.connect(os.environ['DATABASE_URL']).execute({query!r}).fetchone()[0])"
    done = shop.run("run", "--", "python", "-c", script)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()
