"""The supervisor killed, hung, of another version, or gone when everything is to stop; under load."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from faults import (
    PYTHON,
    cpu_seconds,
    ended,
    eventually,
    in_order,
    limited,
    run,
    run_to,
    short,
    stopped,
    supervisors,
)
from shop import Shop, kill, lost, processes_of, some
from striking import has_warm, next_release

from greenroom import __version__
from greenroom.domain.errors import Exit
from greenroom.drivers.system.real import RealNet

pytestmark = pytest.mark.timeout(600)

RATE = 15.0

OLDER = """
import sys, greenroom
greenroom.__version__ = "0.0.9"
import greenroom.drivers.local.supervisor as supervisor
sys.exit(supervisor.main(sys.argv[1:]))
"""


@pytest.fixture(autouse=True, scope="module")
def brief_watch(shop: Shop) -> None:
    """Each deploy here is watched for a moment only."""
    toml = shop.folder / "greenroom.toml"
    toml.write_text(toml.read_text().replace('watch = "5s"', 'watch = "1s"'))


def ask(shop: Shop, op: str) -> dict[str, object]:
    """One request to the supervisor; nothing when none answers."""
    socket = short(shop) / "supervisor.sock"
    try:
        return dict(json.loads(RealNet().call(str(socket), json.dumps({"op": op}), 5.0) or "{}"))
    except OSError:
        return {}


def parts(shop: Shop) -> dict[str, int]:
    """The processes that must live on whatever happens to the supervisor."""
    return {unit: shop.unit_pid(unit) for unit in (f"web-{shop.live()}", "postgres", "s3", "edge")}


def alive(pid: int) -> bool:
    """Is it there, and no zombie?"""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@contextmanager
def older_supervisor(shop: Shop) -> Iterator[None]:
    """In place of the one that runs, one that says it is of an older Greenroom."""
    (before,) = supervisors(shop)
    argv = Path(f"/proc/{before}/cmdline").read_bytes().rstrip(b"\0").decode().split("\0")
    arguments = argv[argv.index("greenroom.drivers.local.supervisor") + 1 :]
    ask(shop, "exit")
    eventually(lambda: absent(shop))
    with (shop.state / "logs" / "supervisor.log").open("ab") as log:
        older = subprocess.Popen(
            [PYTHON, "-c", OLDER, *arguments],
            cwd=shop.state, env=shop.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        eventually(lambda: is_version(shop, "0.0.9"))
        yield
        assert older.wait(30) == 0, "it was asked to go, and went in order"
    finally:
        older.kill()
        older.wait()


def absent(shop: Shop) -> None:
    """No supervisor answers."""
    assert not ask(shop, "status")


def is_version(shop: Shop, version: str) -> None:
    """A supervisor of that version answers."""
    assert ask(shop, "status").get("version") == version


@pytest.mark.parametrize("verb", some(["up", "deploy", "restart", "rollback", "run"], 2))
def test_an_older_supervisor_is_replaced_by_whoever_comes(shop: Shop, verb: str) -> None:
    in_order(shop)
    words = {
        "up": ["up"],
        "restart": ["restart"],
        "rollback": ["rollback"],
        "run": ["run", "--", "true"],
    }.get(verb) or next_release(shop)
    if verb == "rollback":
        has_warm(shop)
    before = parts(shop)
    with shop.load(RATE) as load:
        with older_supervisor(shop):
            done = shop.run(*words)
        assert done.returncode == 0, done.stderr
        in_order(shop)
        tally = load.stop()
    assert tally.lost == 0, lost(tally)
    is_version(shop, __version__)
    assert len(supervisors(shop)) == 1
    assert {unit for unit, pid in before.items() if not alive(pid)} == set(), "adopted, not started again"


def test_killed_and_no_command_follows(shop: Shop) -> None:
    """The keeper starts it again; it adopts what runs, and does its work."""
    in_order(shop)
    before, (pid,) = parts(shop), supervisors(shop)
    with shop.load(RATE) as load:
        kill(pid)
        eventually(lambda: is_version(shop, __version__), 20.0)
        tally = load.stop()
    assert tally.lost == 0, lost(tally)
    (after,) = supervisors(shop)
    assert after != pid
    assert {unit: shop.unit_pid(unit) for unit in before} == before
    kill(shop.unit_pid("s3"))
    eventually(lambda: changed(shop, "s3", before["s3"]))
    in_order(shop)


def changed(shop: Shop, unit: str, before: int) -> None:
    """Another process serves that unit."""
    assert shop.unit_pid(unit) != before


def test_killed_again_and_again(shop: Shop) -> None:
    before = parts(shop)
    with shop.load(RATE) as load:
        for _ in range(4):
            (pid,) = supervisors(shop)
            kill(pid)
            eventually(lambda pid=pid: another(shop, pid), 30.0)  # type: ignore[misc]
        tally = load.stop()
    assert tally.lost == 0, lost(tally)
    assert {unit: shop.unit_pid(unit) for unit in before} == before
    in_order(shop)


def another(shop: Shop, before: int) -> None:
    """One supervisor, and not that one, answers."""
    found = supervisors(shop)
    assert len(found) == 1
    assert found != [before]
    is_version(shop, __version__)


def test_killed_in_the_middle_of_a_deploy_that_is_killed_too(shop: Shop) -> None:
    """Nobody is left but the keeper: it brings back the one who undoes."""
    in_order(shop)
    words, before = next_release(shop), shop.live()

    def strike(command: int) -> None:
        kill(supervisors(shop)[0])
        kill(command)

    with shop.load(RATE) as load:
        done = run_to(shop, "switch:1", strike, *words)
        assert done.exit == -signal.SIGKILL, done.said
        in_order(shop)
        tally = load.stop()
    assert tally.lost == 0, lost(tally)
    assert shop.live() == before


def test_hung(shop: Shop) -> None:
    """Who does not answer is named; the public side does not need it."""
    (pid,) = supervisors(shop)
    before = shop.live()
    with shop.load(RATE) as load:
        with stopped(pid):
            assert shop.json("status")["live"] == before
            done = run(shop, "restart").told_well()
        in_order(shop)
        tally = load.stop()
    assert (done.exit, done.code) == (Exit.UNSAFE, "supervisor"), done.said
    assert "the supervisor does not answer" in done.error["message"]
    assert tally.lost == 0, lost(tally)
    assert supervisors(shop) == [pid]
    assert shop.json("restart", "--no-watch")["serving"] != before


def test_without_a_descriptor_left(shop: Shop) -> None:
    """It neither dies nor spins, and works again as soon as it may."""
    in_order(shop)
    (pid,) = supervisors(shop)
    before = shop.live()
    with shop.load(RATE) as load:
        with limited(pid):
            spent = cpu_seconds(pid)
            done = run(shop, "restart").told_well()
            time.sleep(3.0)
            spent = cpu_seconds(pid) - spent
            assert supervisors(shop) == [pid]
        assert run(shop, "up", "--wait", "60").told_well().exit == 0
        in_order(shop)
        tally = load.stop()
    assert done.code in ("supervisor", "no-descriptors"), done.said
    assert spent < 3.0, "it waits, it does not spin"
    assert tally.lost == 0, lost(tally)
    assert supervisors(shop) == [pid]
    assert shop.json("restart", "--no-watch")["serving"] != before


def test_down_stops_everything_without_a_supervisor(shop: Shop) -> None:
    for pid in supervisors(shop):
        kill(pid)
    assert shop.json("down") == {}
    assert processes_of(shop.state) == []
    time.sleep(2.5)
    assert processes_of(shop.state) == [], "nobody brings back what was stopped in order"
    shop.json("up")
    in_order(shop)


def test_down_whose_supervisor_is_killed_under_way(shop: Shop) -> None:
    command = shop.start("--json", "down", "--wait", "30")
    (pid,) = supervisors(shop)
    eventually(lambda: going(shop), 20.0)
    kill(pid)
    out, err = command.communicate(timeout=120)
    done = ended(command.returncode, out, err).told_well()
    assert done.exit == 0, done.said
    assert processes_of(shop.state) == []
    shop.json("up")
    in_order(shop)


def going(shop: Shop) -> None:
    """It stops everything."""
    assert ask(shop, "status").get("going") is True
