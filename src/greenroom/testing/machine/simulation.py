"""One seeded machine with the local target on it, its supervisor, its visitors, and the rules that must always hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from greenroom.domain.errors import Exit, GreenroomError, of_the_machine
from greenroom.domain.events import Event
from greenroom.domain.policy import Policy
from greenroom.domain.project import App, DatabaseLimits
from greenroom.domain.release import Release
from greenroom.domain.roles import Role, RoleKind
from greenroom.domain.stage import release_of
from greenroom.drivers.local.control import Control
from greenroom.drivers.local.jobs import LocalJobs
from greenroom.drivers.local.layout import Layout
from greenroom.drivers.local.lease import FileLock, LocalLease
from greenroom.drivers.local.platform import LocalPlatform, Service
from greenroom.drivers.local.public import PublicAddress
from greenroom.drivers.local.records import LocalRecords
from greenroom.drivers.local.stage import LocalStage
from greenroom.drivers.local.supervisor import Supervisor
from greenroom.drivers.local.traffic import LocalTraffic
from greenroom.drivers.local.units import Unit
from greenroom.drivers.memory import World
from greenroom.drivers.memory.inspecting import MemoryInspector
from greenroom.drivers.system.machine import Machine
from greenroom.drivers.system.net import Answer
from greenroom.ports import Doors
from greenroom.services.environments.sleeping import due_work
from greenroom.services.target import Target
from greenroom.testing.machine.database import Database, run_job
from greenroom.testing.machine.disk import SimulatedDisk
from greenroom.testing.machine.keeping import Bucket, Builds, History, Schema
from greenroom.testing.machine.net import SimulatedLocks, SimulatedNet
from greenroom.testing.machine.processes import Process, SimulatedProcesses
from greenroom.testing.machine.programs import MARK, Programs, address
from greenroom.testing.machine.scheduling import Scheduler
from greenroom.testing.machine.visitors import Edge

ROOT = Path("/s")
ENV = "production"
ROLES = (
    Role("web", RoleKind.WEB, processes=2),
    Role("mailer", RoleKind.WORKER, command=("mailer",), stop_timeout=5.0),
)
POLICY = Policy(probe_timeout=8.0, watch=5.0, keep_warm=60.0, drain_timeout=20.0, keep_releases=2)


class Violation(BaseException):
    """A rule was broken. Tells the seed, the moment and the last operations.

    Not an :class:`Exception`: the code that runs on the machine must not take it for its own failure.
    """


@dataclass(eq=False)
class Command:
    """A command line that runs or ran. ``code`` None: still running, or killed."""

    verb: str
    wanted: str | None
    process: Process | None = None
    code: int | None = None
    error: GreenroomError | None = None
    held_lease: bool = False
    newest_at_lease: int = 0
    began: float = 0.0


@dataclass(frozen=True, slots=True)
class Clock:
    """The machine's clock as a door."""

    scheduler: Scheduler

    def now(self) -> float:
        return self.scheduler.now

    def monotonic(self) -> float:
        return self.scheduler.monotonic

    def sleep(self, seconds: float) -> None:
        self.scheduler.sleep(seconds)


@dataclass(eq=False)
class Simulation:
    """Everything. ``releases`` are on disk from the start; commands are started with :meth:`command`."""

    seed: int
    releases: Mapping[str, Release]
    policy: Policy = POLICY
    scheduler: Scheduler = field(init=False)
    commands: list[Command] = field(default_factory=list)
    unready: set[str] = field(default_factory=set)
    finished: Callable[[Command], None] = lambda _command: None

    def __post_init__(self) -> None:
        self.scheduler = Scheduler(self.seed)
        self.layout = Layout(ROOT, ROOT)
        self.disk = SimulatedDisk(self.scheduler.step, lambda: self.scheduler.monotonic)
        self.processes = SimulatedProcesses(self.scheduler, lambda p: self.programs.start(p))
        self.edge = Edge(self.scheduler, self.disk, self.processes, self.layout, ENV)
        self.database = Database(self.scheduler, lambda: self.is_up("postgres"))
        self.locks = SimulatedLocks(self.scheduler, self.processes, self.disk)
        self.net = SimulatedNet(self.scheduler, self.processes, self._ask, self.edge.ask, self.edge.in_flight)
        self.history = History(self.scheduler)
        self.builds = Builds(self.scheduler, self.disk, dict(self.releases))
        actors = {"supervisor": self._supervise, "due": self._due, "command": self._run, "job": self._job}
        self.programs = Programs(self.scheduler, self.edge, actors, lambda _p: None)
        self.programs.processes = self.processes
        clock = Clock(self.scheduler)
        self.machine = Machine(clock, self.disk, self.processes, self.locks, self.net)
        self._bodies: dict[int, tuple[Command, Callable[[Target], object]]] = {}
        self._bucket = Bucket(self.scheduler, self.database)
        for name in ("slots", "edge", "units", "run", "logs", "jobs", "leases", "wake"):
            self.disk.make_folder(ROOT / name)
        self.builds.head = next(iter(self.releases))
        for release in self.releases.values():
            self.builds.lay_out(release)
        self.disk.settle()
        self.edge.open()

    # What the doors see

    def target(self) -> Target:
        """Fresh doors, as every process has its own."""
        control = Control(self.layout, self.machine, ("supervisor",), _version())
        public = PublicAddress({ENV: "shop.localhost"}, 443, None, "127.0.0.1", {})
        app = App("wsgi:app", static="static", migrate=("alembic", "upgrade", "heads"))
        stage = LocalStage(self.layout, control, self.machine, self.policy, app, ROLES, self.builds.path)
        doors = Doors(
            stage=stage,
            traffic=LocalTraffic(self.layout, self.machine, public),
            jobs=LocalJobs(self.layout, control, self.machine, app, self.builds.path),
            schema=Schema(self.database),
            ledger=self.history,
            clock=self.machine.clock,
            builder=self.builds,
            inspector=MemoryInspector(World()),
            records=LocalRecords(self.layout, self.disk),
            resources=(self._bucket,),
        )
        return Target(
            environment=ENV,
            doors=doors,
            lease=LocalLease(self.layout.lease(ENV), self.machine),
            platform=LocalPlatform(self.layout, control, self.machine, self._services),
            policy=self.policy,
            roles=ROLES,
            limits=DatabaseLimits(),
            emit=self._heard,
        )

    def is_up(self, kind: str) -> bool:
        """Does that part answer?"""
        return any(p.kind == kind and p.listening for p in self.processes.living)

    def _heard(self, event: Event) -> None:
        who = self.scheduler.current
        name = f"{who.name}#{who.pid}" if who else "?"
        self.scheduler.tell(f"{name} {event.name} {event.step} {event.text[:110]}")

    def _services(self) -> list[Service]:
        units = [
            Unit(name, (name,), str(ROOT), order=10, ready=ready, stop_timeout=10.0)
            for name, ready in (("postgres", "unix:/s/pg"), ("s3", "tcp:8333"), ("edge", "tcp:443"))
        ]
        return [Service(unit, lambda: None) for unit in units]

    def _ask(self, slot: str, path: str) -> Answer:
        process = next(
            (p for p in self.processes.living if p.kind == "web" and p.slot == slot and p.listening), None
        )
        if process is None:
            raise ConnectionRefusedError("nobody listens")
        worker = {"x-greenroom-worker": str(self.scheduler.rng.randrange(2))}
        release = self.builds.get(release_of(slot))
        known = {r.id: r for one in self.releases.values() for r in one.revisions.revisions}
        missing = release.revisions.pending(
            self.database.heads, type(release.revisions)(tuple(known.values()))
        )
        good = self.is_up("postgres") and self.is_up("s3") and release.id not in self.unready and not missing
        return Answer(200 if good else 503, worker, "")

    # Whose code really runs

    def command(self, verb: str, wanted: str | None, act: Callable[[Target], object]) -> Command:
        """Start a command; it has its turns when the scheduler runs."""
        command = Command(verb, wanted, began=self.scheduler.monotonic)
        command.process = self.processes.add(("command", verb), {}, ROOT, ROOT / "logs" / "command.log")
        self._bodies[command.process.pid] = (command, act)
        self.commands.append(command)
        return command

    def _run(self, process: Process) -> int:
        command, act = self._bodies[process.pid]
        code = int(Exit.DONE)
        try:
            act(self.target())
        except GreenroomError as error:
            command.error, code = error, int(error.exit)
        except KeyboardInterrupt:
            code = int(Exit.INTERRUPTED)
        except OSError as error:
            command.error, code = of_the_machine(error), int(Exit.FAILED)
        command.code = code
        self.finished(command)
        return code

    def _supervise(self, process: Process) -> int:
        lock = FileLock(ROOT / "supervisor.lock", self.machine)
        if not lock.try_take("supervisor"):
            return 0
        supervisor = Supervisor(self.layout, self.machine, ["due"])
        process.stop = lambda number: supervisor.on_signal(number, None)
        supervisor.run()
        return 0

    def _due(self, _process: Process) -> int:
        try:
            done = due_work(self.target())
        except GreenroomError as error:
            self._heard(Event("due.failed", f"{error.code}: {error.message}"))
            return int(error.exit)
        except (OSError, KeyboardInterrupt):
            return int(Exit.FAILED)
        return 0 if done else int(Exit.PENDING)

    def _job(self, process: Process) -> int:
        try:
            return run_job(process, Path(process.argv[-1]), self.disk, self.database, self.builds.all)
        except OSError:
            return 1


def _version() -> str:
    from greenroom import __version__

    return __version__


__all__ = ["ENV", "MARK", "ROOT", "Command", "Simulation", "Violation", "address"]
