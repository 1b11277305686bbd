"""State files of every kind, damaged in every way that a crash, a full disk or a hand can damage them."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from greenroom.domain.errors import GreenroomError
from greenroom.domain.release import Identity, Release
from greenroom.domain.stage import Slot
from greenroom.domain.steps import Plan, Retire
from greenroom.drivers.builds import record
from greenroom.drivers.local.jobs import migration_unit
from greenroom.drivers.local.slots import Slots
from greenroom.drivers.local.units import Kind, Running, Unit, Units
from greenroom.drivers.system.real import this_machine
from greenroom.services.look import releases, status
from greenroom.wiring import Wiring

BUILD = "a" * 12
SLOT = f"{BUILD}-1"
TOML = 'name = "shop"\n[app]\nwsgi = "wsgi:app"\n[edge]\nport = 18443\n[roles.mailer]\ncommand = "mailer"\n'


def lay_out(folder: Path) -> Path:
    """A project whose state folder has one file of every kind; returns the state folder."""
    folder.mkdir()
    (folder / "greenroom.toml").write_text(TOML)
    wiring = wired(folder)
    layout, root = wiring.layout, wiring.layout.root
    machine = this_machine()
    units = Units(layout.units, layout.run, machine)
    slots = Slots(layout, units, machine)
    build = root / "builds" / BUILD
    build.mkdir(parents=True)
    release = Release(BUILD, BUILD * 5, "c" * 40, "a release", "Ada", 1.0)
    (build / "build.json").write_bytes(record.dump(release, Identity("t", "l", "p", "s")))
    slots.create(Slot(SLOT, "production", BUILD, 1, "config", 1.0), build / "static")
    slots.set_working("production", SLOT)
    unit = Unit(f"web-{SLOT}", ("gunicorn",), "/", {"A": "1"}, ready="unix:/x", slot=SLOT)
    for one in (
        unit,
        replace(unit, name="postgres", slot=""),
        replace(unit, name=migration_unit("production"), kind=Kind.JOB),
    ):
        units.put(one)
    units.park(replace(unit, name=f"mailer-{SLOT}-1", role="mailer"))
    pid = machine.processes.identify(os.getpid())
    assert pid is not None
    units.record(f"web-{SLOT}", Running(pid, 1.0, 0, SLOT))
    edge = layout.edge("production")
    edge.mkdir(parents=True)
    (edge / "live").symlink_to(layout.slot(SLOT))
    (edge / "window").write_text("hold\n")
    (edge / "maintenance.html").write_text("<h1>later</h1>")
    wiring.site.doors.ledger.append("production", "switched", slot=SLOT)
    wiring.target.values()
    job = root / "jobs" / migration_unit("production")
    job.mkdir()
    (job / "spec.json").write_text(json.dumps({"key": BUILD, "argv": ["alembic"], "env": {}, "log": "x"}))
    (root / "leases" / "production.lock").write_text(json.dumps({"what": "deploy", "pid": 1, "since": 1.0}))
    (root / "plan.json").write_text(json.dumps(Plan("production", (Retire(SLOT),), BUILD, "x").to_json()))
    return root


def wired(folder: Path) -> Wiring:
    """The project as a new command sees it."""
    return Wiring(folder, lambda _event: None)


def files(root: Path) -> list[Path]:
    """Every state file, none of which was forgotten."""
    return sorted(p for p in root.rglob("*") if p.is_file() and not p.is_symlink() and p.name != ".gitignore")


def look(folder: Path) -> None:
    """Everything that a command reads before it does anything."""
    wiring = wired(folder)
    target = wiring.target
    target.observe(schema=False)
    target.lease.holder()
    status(target)
    releases(target)
    target.values()
    target.doors.ledger.verify()
    for name in Units(wiring.layout.units, wiring.layout.run, wiring.machine).names():
        Units(wiring.layout.units, wiring.layout.run, wiring.machine).get(name)
    plan = wiring.layout.root / "plan.json"
    if plan.exists():
        from greenroom.cli.render.answers import load_plan

        load_plan(plan)


def damaged(data: bytes, rng: random.Random) -> bytes:
    """One way to damage a file."""
    ways = rng.randrange(7)
    if ways == 0 or not data:
        return b""
    at = rng.randrange(len(data))
    if ways == 1:
        return data[:at]
    if ways == 2:
        return data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :]
    if ways == 3:
        return b"\0" * len(data)
    if ways == 4:
        return rng.randbytes(rng.randrange(200))
    if ways == 5:
        return rng.choice([b"null", b"[]", b"{}", b"1", b'"x"', b"[" * 5_000, b'{"a": ' * 3_000])
    return _other_value(data, rng)


def _other_value(data: bytes, rng: random.Random) -> bytes:
    """A JSON object with one of its values of another kind, one more key, or one fewer."""
    try:
        document = json.loads(data)
    except ValueError:
        return data[::-1]
    if not isinstance(document, dict) or not document:
        return b"{}"
    key = rng.choice(sorted(document))
    match rng.randrange(3):
        case 0:
            document[key] = rng.choice([None, True, -1, 1.5, 10**400, "", "x", [], {}, [[]], {"a": {"b": 1}}])
        case 1:
            document["one more"] = 1
        case _:
            del document[key]
    return json.dumps(document).encode()


def attack(
    folder: Path, root: Path, rng: random.Random, count: int
) -> Iterator[tuple[Path, GreenroomError | None]]:
    """Damage one file after the other, look, and put it right again. Anything but a GreenroomError goes through."""
    whole = {file: file.read_bytes() for file in files(root)}
    for _ in range(count):
        file = rng.choice(sorted(whole))
        mode = file.stat().st_mode
        file.write_bytes(damaged(whole[file], rng))
        error: GreenroomError | None = None
        try:
            look(folder)
        except GreenroomError as caught:
            error = caught
        file.write_bytes(whole[file])
        file.chmod(mode)
        for other in set(files(root)) - set(whole):
            other.unlink()
        for known, content in whole.items():
            if not known.exists() or known.read_bytes() != content:
                known.write_bytes(content)
        yield file, error


def clear(root: Path) -> None:
    """Remove it, and the short path to it."""
    short = (root / "short").read_text().strip() if (root / "short").exists() else ""
    shutil.rmtree(root, ignore_errors=True)
    if short:
        shutil.rmtree(short, ignore_errors=True)
