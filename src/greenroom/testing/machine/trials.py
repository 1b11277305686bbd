"""Seeded trials: commands at random, alone and two at once, with kills, power cuts and clocks that jump among them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from greenroom.domain.errors import Exit
from greenroom.domain.release import Release
from greenroom.domain.stage import Mode, release_of
from greenroom.services.deliver import Wish, deploy, roll_back
from greenroom.services.environments.removing import destroy
from greenroom.services.environments.sleeping import due_work
from greenroom.services.one_off import run_command
from greenroom.services.target import Target
from greenroom.services.up import down, up
from greenroom.testing.machine.processes import Process
from greenroom.testing.machine.profiles import PROFILES, Profile
from greenroom.testing.machine.rules import Rules
from greenroom.testing.machine.simulation import ENV, ROOT, Command, Simulation

LONGEST = 900.0
"""Seconds that a command may take at most before it is said to hang."""

CONTROLLERS = ("command", "due", "supervisor", "job")
SERVING = ("web", "postgres", "edge", "s3")


@dataclass(eq=False)
class Trial:
    """One machine's life. :meth:`run` raises :class:`Violation` when a rule is broken."""

    seed: int
    releases: Mapping[str, Release]
    profile: Profile
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.sim = Simulation(self.seed, self.releases)
        self.rules = Rules(self.sim)
        self.rules.watch()
        self.rng = random.Random(f"trial {self.seed}")  # noqa: S311 - a simulation
        self.sim.scheduler.between = self._between
        self._chaos = False
        self.sim.finished = self._ended

    def run(self, commands: int = 10) -> None:
        """Bring it up, let things happen, then let it come to rest and look at everything."""
        self._wait_for(self._start("up", None, up))
        self._chaos = True
        for _ in range(commands):
            self._breed()
            self._let_pass(self.rng.choice([0.0, 0.5, 3.0, 20.0, 90.0]))
            started = self._some_command()
            if self.rng.random() > self.profile.both:
                self._wait_for(started)
        for command in self.sim.commands:
            self._wait_for(command)
        self._rest()

    # What happens

    def _between(self) -> None:
        """Between two turns: the rules, and now and then a blow."""
        self.rules.lost()
        if not self._chaos:
            return
        p, rng = self.profile, self.rng
        self._strike()
        if p.kill and rng.random() < p.kill:
            self._kill()
        if p.interrupt and rng.random() < p.interrupt:
            self._interrupt()
        if p.power and rng.random() < p.power:
            self._cut_power()
        if p.clock and rng.random() < p.clock:
            self.counts["clock jumps"] += 1
            jump = rng.choice([-86_400.0, -3_600.0, -30.0, 30.0, 3_600.0, 86_400.0])
            self.sim.scheduler.wall_ahead += jump
            self.sim.scheduler.tell(f"CLOCK set by {jump:.0f} s")
        if p.full and rng.random() < p.full * (40 if self.sim.disk.full else 1):
            self.sim.disk.full = not self.sim.disk.full
            self.counts["disk full"] += 1
            self.sim.scheduler.tell(f"DISK {'full' if self.sim.disk.full else 'has room again'}")
        self.sim.net.lossy = p.lossy

    def _strike(self) -> None:
        """Somebody stands right before an operation that is never to happen."""
        scheduler = self.sim.scheduler
        struck, scheduler.struck, scheduler.sharp = scheduler.struck, None, self.profile.sharp
        process = self.sim.processes.table.get(struck.pid) if struck else None
        if process is None or not process.alive:
            return
        if self.profile.power:
            self._cut_power()
        else:
            self._blow(process)

    def _kill(self) -> None:
        kinds = CONTROLLERS + (SERVING if self.profile.serving else ())
        living = [p for p in self.sim.processes.living if p.kind in kinds]
        if living:
            self._blow(self.rng.choice(living))

    def _blow(self, victim: Process) -> None:
        if victim.kind in SERVING:
            self.rules.wound()
        self.counts[f"{victim.kind} killed"] += 1
        self.sim.scheduler.tell(f"KILL {victim.kind}#{victim.pid} {victim.slot}")
        self.sim.processes.finish(victim, -9)

    def _interrupt(self) -> None:
        living = [p for p in self.sim.processes.living if p.kind == "command" and not p.stopping and p.stop]
        if living:
            self.counts["interrupted"] += 1
            victim = self.rng.choice(living)
            self.sim.scheduler.tell(f"CTRL-C command#{victim.pid}")
            victim.stopping = True
            assert victim.stop is not None
            victim.stop(2)

    def _cut_power(self) -> None:
        sim = self.sim
        self.counts["power cuts"] += 1
        sim.scheduler.tell("POWER CUT")
        self.rules.wound()
        sim.scheduler.forget_events()
        sim.edge.lose_all()
        sim.processes.reboot()
        sim.locks.holders.clear()
        sim.disk.lose_power(self.rng)
        self.rules.counted = len(sim.edge.lost)
        sim.scheduler.monotonic += 5.0
        sim.edge.open()

    def _breed(self) -> None:
        """Releases turn bad or good again."""
        some = [r for r in self.releases if self.rng.random() < 0.12]
        sim = self.sim
        sim.edge.bad, sim.unready, sim.programs.crashing = set(), set(), set()
        for id in some:
            self.rng.choice([sim.edge.bad, sim.unready, sim.programs.crashing]).add(id)
        live = release_of(sim.edge.live_slot() or "-")
        # What serves already keeps its nature: a live release does not become one that crashes at its start.
        sim.unready.discard(live)
        sim.programs.crashing.discard(live)
        sim.database.failing = {"0002"} if self.rng.random() < 0.1 else set()

    # Commands

    def _some_command(self) -> Command:
        releases = list(self.sim.builds.all.values())
        release = self.rng.choice(releases)
        window = self.rng.choice([None, Mode.HOLD, Mode.MAINTENANCE])
        watch = self.rng.random() < 0.7
        wish = Wish(release, window, watch=watch, wait=self.rng.choice([0.0, 30.0]))
        back = self.rng.choice([None, release])
        self.sim.builds.head = release.id
        choices: list[tuple[int, Callable[[], Command]]] = [
            (
                8,
                lambda: self._start(
                    "deploy",
                    release.id,
                    lambda t: deploy(t, replace(wish, release=t.doors.builder.build(release.id))),
                ),
            ),
            (3, lambda: self._start("restart", None, lambda t: deploy(t, Wish(restart=True, watch=watch)))),
            (
                3,
                lambda: self._start(
                    "rollback",
                    back.id if back else None,
                    lambda t: roll_back(t, t.doors.builder.get(back.id) if back else None),
                ),
            ),
            (2, lambda: self._start("up", None, up)),
            (1, lambda: self._start("down", None, down)),
            (1, lambda: self._start("destroy", None, partial(destroy, stop=True))),
            (1, lambda: self._start("due", None, due_work)),
            (
                1,
                lambda: self._start(
                    "run", None, lambda t: run_command(t, ["true"], "true", lambda _line: None)
                ),
            ),
            (1, lambda: self._start("unlock", None, lambda t: t.lease.free())),
        ]
        return self.rng.choices([c for _, c in choices], [w for w, _ in choices])[0]()

    def _start(self, verb: str, wanted: str | None, act: Callable[[Target], object]) -> Command:
        self.counts[verb] += 1
        self.rules.closed = self.rules.closed or verb in ("down", "destroy")
        command = self.sim.command(verb, wanted, act)
        number = command.process.pid if command.process else 0
        self.sim.scheduler.tell(f"START command#{number} {verb} {wanted or ''}")
        return command

    def _wait_for(self, command: Command) -> None:
        assert command.process is not None
        process, until = command.process, self.sim.scheduler.monotonic + LONGEST
        self.sim.scheduler.run(lambda: not process.alive or self.sim.scheduler.monotonic > until)
        if process.alive:
            self.rules.fail(f"{command.verb} hangs")

    def _ended(self, command: Command) -> None:
        self.counts[f"{command.verb} exits {command.code}"] += 1
        number = command.process.pid if command.process else 0
        told = command.error.message if command.error else ""
        self.sim.scheduler.tell(f"EXIT command#{number} {command.verb}: {command.code} {told}")
        if command.verb == "up" and command.code == Exit.DONE:
            self.rules.closed = False
            self.rules.wound()
        self.rules.told_the_truth(command)

    def _let_pass(self, seconds: float) -> None:
        until = self.sim.scheduler.monotonic + seconds
        self.sim.scheduler.run(lambda: self.sim.scheduler.monotonic >= until)

    # Rest

    def _rest(self) -> None:
        """Nothing more happens to it: one ``up``, and within the deadlines all is in order."""
        self._chaos = False
        sim = self.sim
        sim.scheduler.sharp = 0.0
        sim.net.lossy, sim.disk.full = 0.0, False
        sim.edge.bad, sim.unready, sim.programs.crashing = set(), set(), set()
        sim.database.failing = set()
        sim.builds.head = list(sim.releases)[-1]
        last = self._start("up", None, lambda t: up(t, wait=60.0))
        self._wait_for(last)
        if last.error is not None and last.error.code == "window-stuck":
            newest = Wish(sim.builds.all[sim.builds.head], Mode.MAINTENANCE)
            last = self._start("deploy", None, lambda t: deploy(t, newest))
            self._wait_for(last)
        if last.code is None or last.code != Exit.DONE:
            told = last.error.message if last.error else ""
            self.rules.fail(f"on a sound machine up exits {last.code}: {told}")
        self._let_pass(2 * self.sim.policy.keep_warm + 60.0)
        self._all_in_order()

    def _all_in_order(self) -> None:
        sim, rules = self.sim, self.rules
        living = sim.processes.living
        live = sim.edge.live_slot()
        names = [name for name in sim.disk.peek(ROOT / "slots") if "-" in name]
        slots = {name for name in names if sim.disk.exists(ROOT / "slots" / name / "slot.json")}
        web = sorted(p.slot for p in living if p.kind == "web")
        workers = sorted(p.slot for p in living if p.kind == "worker")
        if live is None or slots != {live} or web != [live] or workers != [live]:
            rules.fail(f"not in order: live {live}, slots {sorted(slots)}, web {web}, workers {workers}")
        kinds = Counter(p.kind for p in living)
        if (
            any(kinds[k] != 1 for k in ("supervisor", "postgres", "s3", "edge"))
            or kinds["job"]
            or kinds["due"]
        ):
            rules.fail(f"not in order: {dict(kinds)} run")
        if sim.disk.exists(ROOT / "edge" / ENV / "window") or not rules.serves(live):
            rules.fail("a window is still open, or the live slot does not answer")
        sim.history.verify()


def trial(seed: int, releases: Mapping[str, Release], commands: int = 10) -> Trial:
    """One whole trial of that seed; raises :class:`Violation`."""
    one = Trial(seed, releases, PROFILES[seed % len(PROFILES)])
    one.run(commands)
    return one
