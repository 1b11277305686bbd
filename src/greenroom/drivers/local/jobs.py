"""Jobs on this machine: units that run once under the supervisor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from greenroom.domain.errors import GreenroomError
from greenroom.domain.project import App
from greenroom.domain.release import Release
from greenroom.drivers.asking.causes import probable_cause
from greenroom.drivers.local.control import Control
from greenroom.drivers.local.layout import Layout
from greenroom.drivers.local.logs import tail
from greenroom.drivers.local.room import no_room
from greenroom.drivers.local.slot_units import own_python, release_environment
from greenroom.drivers.local.units import Kind, Unit, Units
from greenroom.drivers.system.files import private_folder, read_json, write_json
from greenroom.drivers.system.foreground import run_in_terminal
from greenroom.drivers.system.machine import Disk, Machine
from greenroom.drivers.system.spawn import plain_environment
from greenroom.ports import MIGRATION_LIMITS, Done, Say, Values

JOB_ORDER = 70


def migration_unit(environment: str) -> str:
    """The unit that migrates an environment's database."""
    return f"migrate-{environment}"


def command_unit(environment: str, name: str) -> str:
    """The unit of a one-off command. No environment's name has a dot in it."""
    return f"run-{environment}.{name}"


def is_job_of(name: str, environment: str) -> bool:
    """Is that a job of the environment, or a file of one?"""
    stem = name.removesuffix(".1").removesuffix(".log").removesuffix(".json")
    return stem == migration_unit(environment) or name.startswith(command_unit(environment, ""))


def environment_of_job(name: str) -> str | None:
    """The environment of a job, by its unit's name or a file's of one; None when it is no job's."""
    stem = name.removesuffix(".1").removesuffix(".log").removesuffix(".json")
    kind, _, rest = stem.partition("-")
    if kind == "migrate" and rest:
        return rest
    return rest.partition(".")[0] or None if kind == "run" else None


@dataclass(frozen=True, slots=True)
class _Job:
    name: str
    key: str
    argv: tuple[str, ...]
    lock: str = ""


class LocalJobs:
    """See :class:`greenroom.ports.Jobs`."""

    def __init__(
        self, layout: Layout, control: Control, machine: Machine, app: App, build: Callable[[str], Path]
    ) -> None:
        self._layout = layout
        self._control = control
        self._disk = machine.disk
        self._clock = machine.clock
        self._app = app
        self._build = build
        self._units = Units(layout.units, layout.run, machine)

    def migrate(self, environment: str, release: Release, values: Values) -> Done:
        if not self._app.migrate:
            raise GreenroomError(
                "no-migrate", "this release has revisions, and no command applies them", "set [app] migrate"
            )
        dsn = values["DATABASE_URL"].reveal()
        job = _Job(migration_unit(environment), release.id, self._app.migrate, dsn)
        done = self._perform(job, environment, release, values, lambda _line: None)
        cause = (probable_cause(done.tail) or no_room(self._layout.root, self._disk)) if done.exit else ""
        return Done(done.exit, (*done.tail, *([f"cause: {cause}"] if cause else [])), done.attached)

    def migrating(self, environment: str) -> bool:
        return self._units.is_running(migration_unit(environment))

    def withdraw(self, environment: str) -> None:
        name = migration_unit(environment)
        if self._units.get(name) is not None and not self._units.is_running(name):
            self._units.drop(name)

    def run(
        self, environment: str, release: Release, argv: Sequence[str], values: Values, name: str, say: Say
    ) -> Done:
        job = _Job(command_unit(environment, name), f"{release.id} {list(argv)}", tuple(argv))
        return self._perform(job, environment, release, values, say)

    def foreground(self, environment: str, release: Release, argv: Sequence[str], values: Values) -> int:
        build = self._build(release.id)
        env = release_environment(build, self._app, values, GREENROOM_ENVIRONMENT=environment)
        return run_in_terminal(argv, cwd=build / "src", env=env)

    def _perform(self, job: _Job, environment: str, release: Release, values: Values, say: Say) -> Done:
        folder = self._layout.root / "jobs" / job.name
        attached = self._find(job, folder)
        if not attached:
            self._start(job, folder, environment, release, values)
        log = self._layout.log(job.name)
        self._wait(job, folder, log, say)
        result = read_json(folder / "result.json", self._disk) or {}
        lines = tail(log, 40, self._disk)
        self._units.drop(job.name)
        self._disk.remove_tree(folder)
        self._control.poke()
        return Done(int(result.get("exit", 1)), tuple(lines), attached)

    def _find(self, job: _Job, folder: Path) -> bool:
        """Does this very job run, or has it ended unheard? Another one of its name is waited for first.

        One that died without a result, with the machine for instance, is not there: it is to be started anew. So is a
        migration that has ended: what it did, and whether it failed, was true of the database as it was then.
        """
        while (spec := read_json(folder / "spec.json", self._disk)) is not None:
            running = self._units.is_running(job.name)
            unheard = not job.lock and self._disk.exists(folder / "result.json")
            if spec.get("key") == job.key and (running or unheard):
                return True
            if not running:
                return False
            self._clock.sleep(0.1)
        return False

    def _start(self, job: _Job, folder: Path, environment: str, release: Release, values: Values) -> None:
        self._units.drop(job.name)
        self._control.poke()
        self._disk.remove_tree(folder)
        private_folder(folder, self._disk)
        log = self._layout.log(job.name)
        self._disk.remove(log)
        build = self._build(release.id)
        more = {"PGOPTIONS": MIGRATION_LIMITS} if job.lock else {}
        env = release_environment(build, self._app, values, GREENROOM_ENVIRONMENT=environment, **more)
        spec = {
            "key": job.key,
            "argv": list(job.argv),
            "cwd": str(build / "src"),
            "env": env,
            "lock": job.lock,
            "log": str(log),
        }
        write_json(folder / "spec.json", spec, disk=self._disk)
        runner = (own_python(), "-m", "greenroom.drivers.local.job_runner", str(folder / "spec.json"))
        unit = Unit(job.name, runner, str(folder), plain_environment(), kind=Kind.JOB, order=JOB_ORDER)
        self._units.put(unit)
        self._control.poke()

    def _wait(self, job: _Job, folder: Path, log: Path, say: Say) -> None:
        at = 0
        while True:
            finished = self._disk.exists(folder / "result.json") or self._is_over(job.name)
            at = _say_new(log, at, say, finished, self._disk)
            if finished:
                return
            self._clock.sleep(0.05)

    def _is_over(self, name: str) -> bool:
        """Ended, or taken away by somebody who asked for the same one at the same time."""
        if self._units.is_running(name):
            return False
        if self._units.get(name) is None:
            return True
        answer = self._control.ask("status")
        if answer is None:
            self._control.poke()  # without a supervisor nobody would ever start it
            return False
        return bool(answer["units"].get(name, {}).get("state") == "finished")


def _say_new(log: Path, at: int, say: Say, all_of_it: bool, disk: Disk) -> int:
    try:
        text = disk.read(log, at)
    except FileNotFoundError:
        return at
    end = len(text) if all_of_it else text.rfind(b"\n") + 1
    for line in text[:end].decode("utf-8", "replace").splitlines():
        say(line)
    return at + end
