"""One suite for the doors: the memory ones and the local ones keep the same promises."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cluster
import pytest

from greenroom import __version__
from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.fault import FAULT_VARIABLE, Fault, Victim
from greenroom.domain.inspected import About, Outside, Strays
from greenroom.domain.policy import Policy
from greenroom.domain.project import App
from greenroom.domain.release import Release
from greenroom.domain.roles import Role, RoleKind
from greenroom.domain.secret import Secret
from greenroom.domain.stage import Mode, Slot, slot_id
from greenroom.drivers.builds.files import listed, strays
from greenroom.drivers.ledger.sqlite import SqliteLedger
from greenroom.drivers.local.breaking import LocalBreaker
from greenroom.drivers.local.control import Control
from greenroom.drivers.local.inspecting import LocalInspector
from greenroom.drivers.local.jobs import LocalJobs
from greenroom.drivers.local.layout import Layout, open_layout
from greenroom.drivers.local.lease import LocalLease
from greenroom.drivers.local.public import PublicAddress
from greenroom.drivers.local.stage import LocalStage
from greenroom.drivers.local.traffic import LocalTraffic
from greenroom.drivers.memory import MemoryBreaker, MemoryLease, World, memory_doors
from greenroom.drivers.system.real import this_machine
from greenroom.ports import Breaker, Inspector, Jobs, Lease, Ledger, Stage, Traffic

ENV = "production"
GOOD, UNREADY = "a" * 12, "b" * 12
GUNICORN = "gunicorn==27.0.1"
WSGI = """
import os
def app(environ, start_response):
    ready = os.environ["GREENROOM_RELEASE"].startswith("a") or environ["PATH_INFO"] != "/readyz"
    start_response("200 OK" if ready else "503 Service Unavailable", [("Content-Length", "2")])
    return [b"ok"]
"""


@dataclass
class Doors:
    """What the suite needs of one implementation."""

    stage: Stage
    traffic: Traffic
    jobs: Jobs
    ledger: Ledger
    lease: Lease
    inspector: Inspector
    breaker: Breaker
    number: int = 0

    def launch(self, release: str = GOOD, **more: str) -> Slot:
        self.number = self.stage.observe(ENV).next_number
        values = {"SECRET_KEY": Secret("a secret"), **{key: Secret(value) for key, value in more.items()}}
        return self.stage.launch(ENV, build(release), slot_id(release, self.number), "config", values)


def build(id: str) -> Release:
    return Release(id, id * 5, "c" * 40, "a release", "Ada", 1.0)


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with gunicorn alone."""
    folder = tmp_path_factory.mktemp("gunicorn") / "venv"
    uv = Path(sys.executable).parent / "uv"
    subprocess.run([uv, "venv", "-q", "--python", sys.executable, folder], check=True)
    subprocess.run([uv, "pip", "install", "-q", "--python", folder / "bin" / "python", GUNICORN], check=True)
    return folder


@pytest.fixture(scope="module", params=["memory", "local", "kubernetes"])
def doors(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    if request.param == "memory":
        world = World(releases={GOOD: build(GOOD), UNREADY: build(UNREADY)}, unready={UNREADY})
        made = memory_doors(world)
        breaker = MemoryBreaker(world)
        lease = MemoryLease(world)
        yield Doors(made.stage, made.traffic, made.jobs, made.ledger, lease, made.inspector, breaker)
        return
    if request.param == "kubernetes":
        cluster.require()
        yield from kubernetes(tmp_path_factory.mktemp("image"))
        return
    yield from local(tmp_path_factory.mktemp("local") / "state", request.getfixturevalue("python"))


def kubernetes(folder: Path) -> Iterator[Doors]:
    images = cluster.small_images(WSGI, GUNICORN, folder)
    roles = (Role("web", RoleKind.WEB, processes=2), Role("loop", RoleKind.WORKER, command=("sleep", "600")))
    policy = Policy(probe_timeout=20.0)
    with cluster.environment(cluster.pieces("contract", images, roles, policy)) as made:
        yield Doors(
            made.stage, made.traffic, made.jobs, made.ledger, made.lease, made.inspector, made.breaker
        )


def local(root: Path, python: Path) -> Iterator[Doors]:
    layout = open_layout(root, None)
    for id in (GOOD, UNREADY):
        folder = root / "builds" / id
        (folder / "src").mkdir(parents=True)
        (folder / "static").mkdir()
        (folder / "src" / "wsgi.py").write_text(WSGI)
        (folder / "venv").symlink_to(python)
        (folder / "manifest.json").write_text("{}")
        (folder / "files.json").write_text(json.dumps(listed(folder / "src")))
    machine = this_machine()
    command = [sys.executable, "-m", "greenroom.drivers.local.supervisor", str(root), "-", "true"]
    control = Control(layout, machine, command, __version__)
    app = App("wsgi:app")
    roles = (Role("web", RoleKind.WEB, processes=2), Role("loop", RoleKind.WORKER, command=("sleep", "600")))
    policy = Policy(probe_timeout=12.0)
    public = PublicAddress({ENV: "shop.localhost"}, 1, None, "127.0.0.1", {})

    def path(id: str) -> Path:
        return root / "builds" / id

    stage = LocalStage(layout, control, machine, policy, app, roles, path)
    jobs = LocalJobs(layout, control, machine, app, path)
    ledger = SqliteLedger(root / "ledger.sqlite", machine.clock)
    inspector = LocalInspector(
        layout, machine.clock, public, 2, lambda id: strays(path(id)), lambda _: Outside(False)
    )
    try:
        traffic, lease = LocalTraffic(layout, machine, public), LocalLease(root / "lease.lock", machine)
        yield Doors(
            stage, traffic, jobs, ledger, lease, inspector, LocalBreaker(layout, machine, public.port)
        )
    finally:
        control.down(30.0)
        remove_short(layout)


def remove_short(layout: Layout) -> None:
    layout.short.unlink()
    layout.short.parent.rmdir()


def test_a_launched_slot_is_there_and_becomes_ready(doors: Doors) -> None:
    slot = doors.launch()
    assert slot in doors.stage.observe(ENV).slots
    assert doors.stage.probe(ENV, slot.id).workers == 2
    seen = doors.stage.observe(ENV)
    assert slot.id in seen.up
    assert seen.next_number == doors.number + 1
    assert doors.stage.healthy(ENV, slot.id)
    doors.stage.retire(ENV, slot.id)


def test_a_slot_that_never_gets_ready_is_named(doors: Doors) -> None:
    slot = doors.launch(UNREADY)
    with pytest.raises(GreenroomError) as caught:
        doors.stage.probe(ENV, slot.id)
    assert caught.value.code == "not-ready"
    assert slot.id in caught.value.message
    assert not doors.stage.healthy(ENV, slot.id)
    doors.stage.retire(ENV, slot.id)


def test_a_slot_can_be_looked_at(doors: Doors) -> None:
    slot, look = doors.launch(), doors.inspector
    doors.stage.probe(ENV, slot.id)
    assert look.about(ENV, slot.id) == (About(), About())
    assert look.continuity(ENV, slot.id, None).sessions.onward is None
    pace = look.pace(ENV, slot.id, None, ("/",), 60_000.0)
    assert pace is not None
    assert 0.0 <= pace.p95_ms < 60_000.0
    assert pace.first_page == "/"
    assert pace.live_p95_ms is None
    assert look.ask(ENV, slot.id, "/") == 200
    assert look.strays(slot.release) == Strays()
    counted = look.counted(ENV, slot.id)
    assert len({c.worker for c in counted}) == 2
    assert sum(c.requests for c in counted) == 0, "probes are not counted"
    assert all(c.cores > 0 for c in counted)
    doors.stage.retire(ENV, slot.id)
    assert look.about(ENV, slot.id) == ()
    assert look.counted(ENV, slot.id) == ()
    assert look.ask(ENV, slot.id, "/") is None


def test_a_planted_fault_keeps_a_slot_unready(doors: Doors) -> None:
    slot = doors.launch(**{FAULT_VARIABLE: Fault.UNREADY.planted(this_machine().clock.now())})
    with pytest.raises(GreenroomError) as caught:
        doors.stage.probe(ENV, slot.id)
    assert caught.value.code == "not-ready"
    doors.stage.retire(ENV, slot.id)


def test_deadlines_are_kept(doors: Doors) -> None:
    slot = doors.launch()
    doors.stage.amend(ENV, slot.id, warm_until=12.5, previous="x")
    (seen,) = [s for s in doors.stage.observe(ENV).slots if s.id == slot.id]
    assert (seen.warm_until, seen.previous, seen.watch_until) == (12.5, "x", None)
    doors.stage.retire(ENV, slot.id)


def test_retiring_twice_is_retiring_once(doors: Doors) -> None:
    slot = doors.launch()
    doors.stage.retire(ENV, slot.id)
    doors.stage.retire(ENV, slot.id)
    seen = doors.stage.observe(ENV)
    assert slot.id not in {s.id for s in seen.slots} | seen.up | seen.working


def test_workers_run_from_one_slot(doors: Doors) -> None:
    one, two = doors.launch(), None
    doors.stage.workers(ENV, one.id)
    assert doors.stage.observe(ENV).working == {one.id}
    two = doors.launch()
    assert doors.stage.observe(ENV).working == {one.id}
    doors.stage.workers(ENV, two.id)
    assert doors.stage.observe(ENV).working == {two.id}
    doors.stage.workers(ENV, None)
    assert doors.stage.observe(ENV).working == frozenset()
    for slot in (one, two):
        doors.stage.retire(ENV, slot.id)


def test_switching_is_seen(doors: Doors) -> None:
    one, two = doors.launch(), doors.launch()
    for slot in (one, two, one):
        doors.traffic.switch(ENV, slot.id)
        assert doors.traffic.observe(ENV).live == slot.id
    with pytest.raises(GreenroomError):
        doors.traffic.switch(ENV, "nobody-99")
    assert doors.traffic.observe(ENV).live == one.id
    doors.traffic.forget(ENV)
    assert doors.traffic.observe(ENV).live is None
    for slot in (one, two):
        doors.stage.retire(ENV, slot.id)


@pytest.mark.parametrize("mode", [Mode.HOLD, Mode.MAINTENANCE])
def test_modes_come_and_go(doors: Doors, mode: Mode) -> None:
    slot = doors.launch()
    doors.traffic.switch(ENV, slot.id)
    for window in (True, False):
        doors.traffic.mode(ENV, mode, window)
        seen = doors.traffic.observe(ENV)
        assert (seen.live, seen.mode, seen.window) == (slot.id, mode, window)
        doors.traffic.mode(ENV, Mode.OPEN, False)
        seen = doors.traffic.observe(ENV)
        assert (seen.live, seen.mode, seen.window) == (slot.id, Mode.OPEN, False)
    doors.traffic.forget(ENV)
    doors.stage.retire(ENV, slot.id)


def test_what_dozes_has_nobody_live_until_the_next_switch(doors: Doors) -> None:
    one, two = doors.launch(), doors.launch()
    doors.traffic.switch(ENV, one.id)
    assert not doors.traffic.observe(ENV).asleep
    doors.traffic.doze(ENV)
    doors.traffic.doze(ENV)
    seen = doors.traffic.observe(ENV)
    assert (seen.asleep, seen.live, seen.mode) == (True, None, Mode.OPEN)
    doors.stage.retire(ENV, one.id)
    doors.traffic.switch(ENV, two.id)
    seen = doors.traffic.observe(ENV)
    assert (seen.asleep, seen.live, seen.mode) == (False, two.id, Mode.OPEN)
    doors.traffic.forget(ENV)
    doors.stage.retire(ENV, two.id)


def test_switching_ends_a_hold(doors: Doors) -> None:
    one, two = doors.launch(), doors.launch()
    doors.traffic.switch(ENV, one.id)
    doors.traffic.mode(ENV, Mode.HOLD, True)
    doors.traffic.switch(ENV, two.id)
    assert doors.traffic.observe(ENV).mode is Mode.OPEN
    doors.traffic.mode(ENV, Mode.OPEN, False)
    doors.traffic.forget(ENV)
    for slot in (one, two):
        doors.stage.retire(ENV, slot.id)


def test_a_killed_app_is_dead_at_once_and_comes_back(doors: Doors) -> None:
    with pytest.raises(GreenroomError, match="does not run"):
        doors.breaker.kill(ENV, Victim.APP)
    slot = doors.launch()
    doors.stage.probe(ENV, slot.id)
    doors.traffic.switch(ENV, slot.id)
    this_machine().clock.sleep(1.0)  # the connections of its probes close
    killed = doors.breaker.kill(ENV, Victim.APP)
    assert killed.victim is Victim.APP
    assert killed.connections <= 1, "nobody asks; only the last probe may not have been closed yet"
    until = this_machine().clock.now() + 20.0
    while not doors.stage.healthy(ENV, slot.id):
        assert this_machine().clock.now() < until
    doors.traffic.forget(ENV)
    doors.stage.retire(ENV, slot.id)


def test_nothing_in_flight_is_drained(doors: Doors) -> None:
    slot = doors.launch()
    doors.stage.probe(ENV, slot.id)
    assert doors.traffic.drain(ENV, slot.id, 5.0).cut == 0
    doors.stage.retire(ENV, slot.id)


def test_the_ledger_keeps_everything(doors: Doors) -> None:
    before = doors.ledger.verify()
    first = doors.ledger.append(ENV, "tried", slot="x", ms=1.5)
    second = doors.ledger.append("other", "tried")
    assert doors.ledger.entries(ENV, "tried")[-1] == first
    assert doors.ledger.entries(last=1) == (second,)
    assert second.seq == first.seq + 1
    assert doors.ledger.verify() == before + 2


def test_one_holds_the_lease(doors: Doors) -> None:
    assert doors.lease.holder() is None
    with doors.lease.hold("deploy", 0.0):
        holder = doors.lease.holder()
        assert holder is not None
        assert holder.what == "deploy"
        with pytest.raises(GreenroomError) as caught, doors.lease.hold("restart", 0.0):
            raise AssertionError("two held it")
        assert caught.value.exit is Exit.LOCKED
        assert "deploy is running" in caught.value.message
    assert doors.lease.holder() is None


def test_a_job_ends_with_its_code(doors: Doors) -> None:
    said: list[str] = []
    done = doors.jobs.run(ENV, build(GOOD), ["sh", "-c", "echo hello; exit 0"], {}, "greet", said.append)
    assert done.exit == 0
    assert not done.attached


def test_a_changed_ledger_is_found(tmp_path: Path) -> None:
    ledger = SqliteLedger(tmp_path / "ledger.sqlite", this_machine().clock)
    for number in range(5):
        ledger.append(ENV, "tried", number=number)
    with sqlite3.connect(tmp_path / "ledger.sqlite") as db:
        db.execute("drop trigger no_update")
        db.execute("update entry set data = '{}' where seq = 3")
    db.close()
    with pytest.raises(GreenroomError, match="entry 3") as caught:
        ledger.verify()
    assert caught.value.exit is Exit.UNSAFE


def test_a_killed_holder_frees_the_lease(tmp_path: Path) -> None:
    script = (
        "import sys,time,pathlib; from greenroom.drivers.local.lease import LocalLease;"
        "from greenroom.drivers.system.real import this_machine;"
        "l=LocalLease(pathlib.Path(sys.argv[1]),this_machine());c=l.hold('deploy',0.0);c.__enter__();print('held',flush=True);time.sleep(60)"
    )
    lease = LocalLease(tmp_path / "lease.lock", this_machine())
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "lease.lock")], stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert lease.holder() is not None
        holder.kill()
        holder.wait()
    assert lease.holder() is None
    with lease.hold("restart", 0.0):
        pass
