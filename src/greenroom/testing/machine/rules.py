"""What must hold at every moment, checked where it could break: at each switch, start, removal and exit."""

from __future__ import annotations

from dataclasses import dataclass, field

from greenroom.domain.errors import Exit
from greenroom.domain.revisions import RevisionGraph, may_serve
from greenroom.domain.stage import Mode, number_of, release_of
from greenroom.drivers.local.slots import HOLD
from greenroom.drivers.local.traffic_state import WINDOW, observe_traffic
from greenroom.testing.machine.processes import Process
from greenroom.testing.machine.simulation import ENV, ROOT, Command, Simulation, Violation

LINK = f"{ROOT}/edge/{ENV}/live"
WOUND_SECONDS = 60.0
"""After a process that serves was killed: the longest pause of the supervisor's back-off, its start, and a hold."""


STORY, OPERATIONS = 60, 40
"""Lines of the story and of the operations that a failing run prints."""

PUBLIC = ("up", "deploy", "restart", "rollback")
"""Commands after which somebody serves."""


@dataclass(eq=False)
class Rules:
    """Watches one simulation.

    ``wounded`` is the last moment at which something that serves was killed; ``closed``: a person stopped it all.
    """

    sim: Simulation
    wounded: float = -1_000.0
    closed: bool = False
    before: str | None = None
    counted: int = 0
    checked: int = 0
    explained: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Hook into the machine."""
        sim = self.sim
        sim.disk.renamed = self._renamed
        sim.disk.removed = self._removed
        sim.programs.started = self._started
        sim.database.changed = self._migrated
        sim.database.crowded = self.fail
        sim.locks.taken = self._leased

    def fail(self, what: str) -> None:
        """A rule is broken."""
        sim = self.sim
        story = "\n".join(list(sim.scheduler.story)[-STORY:])
        trail = "\n".join(list(sim.scheduler.trail)[-OPERATIONS:])
        where = f"seed {sim.seed}, at {sim.scheduler.monotonic:.3f} s"
        raise Violation(f"{where}: {what}\n\n{story}\n\nthe last operations:\n{trail}\n\n{where}: {what}")

    def wound(self) -> None:
        """Something that serves is about to be killed: losses that follow from it are no fault of ours."""
        self.wounded = self.sim.scheduler.monotonic

    @property
    def is_well(self) -> bool:
        """Is it long enough ago that something that serves was killed?"""
        return not self.closed and self.sim.scheduler.monotonic - self.wounded > WOUND_SECONDS

    def _renamed(self, path: str) -> None:
        if path != LINK:
            return
        self.checked += 1
        slot = self._live()
        if slot is None or not self.sim.disk.exists(ROOT / "slots" / slot / "slot.json"):
            self.fail(f"the live link leads to slot {slot}, which is not there")
        if slot != self.before and self.is_well and not self.serves(slot):
            self.fail(f"switched to slot {slot}, which does not answer")
        self.before = slot
        self.schema()

    def _removed(self, path: str) -> None:
        live = self._live()
        if live is None:
            return
        self.checked += 1
        if path.startswith(f"{ROOT}/slots/{live}/") and not path.endswith("/workers"):
            self.fail(f"{path} of the live slot was removed")
        release = release_of(live)
        if path.startswith(f"{ROOT}/builds/{release}/"):
            self.fail(f"{path} of the live release was removed")
        if path == f"{ROOT}/edge/{ENV}/assets/app.{release}.css":
            self.fail("a static file of the live release was removed")

    def _started(self, _process: Process) -> None:
        self.checked += 1
        living = self.sim.processes.living
        slots = {p.slot for p in living if p.kind == "web"}
        if len(slots) > 2:
            self.fail(f"more than two slots run: {sorted(slots)}")
        working = {p.slot for p in living if p.kind == "worker"}
        if len(working) > 1:
            self.fail(f"workers of two slots run: {sorted(working)}")
        for kind in ("postgres", "s3", "edge", "supervisor"):
            count = sum(1 for p in living if p.kind == kind)
            if count > 1 and kind != "supervisor":
                self.fail(f"{count} x {kind} run")

    def _leased(self, path: str, pid: int) -> None:
        command = next((c for c in self.sim.commands if c.process and c.process.pid == pid), None)
        if command is not None and path == str(self.sim.layout.lease(ENV)):
            command.held_lease = True
            names = self.sim.disk.peek(ROOT / "slots")
            numbers = [number_of(n.removesuffix(HOLD)) for n in names if "-" in n]
            # A window that somebody left open is closed by launching what may serve: that is no fault.
            window = self.sim.disk.exists(ROOT / "edge" / ENV / WINDOW)
            command.newest_at_lease = 10**9 if window else max(numbers, default=0)

    def _migrated(self) -> None:
        self.schema()
        for slot in self.sim.edge.served_by() if self.is_well else ():
            release = self.sim.releases[release_of(slot)]
            answer = may_serve(release.revisions, self.sim.database.heads, self._newest())
            if not answer.ok and "lacks" not in answer.because:
                self.fail(f"{slot} still serves a request while the schema leaves it: {answer.because}")

    def _newest(self) -> RevisionGraph:
        known = {r.id: r for one in self.sim.releases.values() for r in one.revisions.revisions}
        return RevisionGraph(tuple(known.values()))

    def schema(self) -> None:
        """What the public reaches may serve on the schema, unless a window is open."""
        sim, live = self.sim, self._live()
        if live is None:
            return
        release = sim.releases.get(release_of(live))
        mode = observe_traffic(sim.layout, ENV, sim.disk).mode
        if release is None or mode is not Mode.OPEN:
            return
        answer = may_serve(release.revisions, sim.database.heads, self._newest())
        if not answer.ok:
            self.fail(f"the public side is open on release {release.id}: {answer.because}")

    def lost(self) -> None:
        """Every loss has an excuse: its process was killed, or nobody was there to bring it back."""
        for loss in self.sim.edge.lost[self.counted :]:
            self.counted += 1
            window = loss.held and self.sim.edge.held_on_purpose(loss.at)
            if not window and not self.closed and loss.at - self.wounded > WOUND_SECONDS:
                self.fail(f"a request was lost at {loss.at:.3f}: {loss.why} ({loss.slot or 'no slot'})")
            self.explained.append(loss.why)

    def told_the_truth(self, command: Command) -> None:
        """The exit code of a command says what is at the moment when it ends."""
        live, code = self._live(), command.code
        error = command.error
        if error is not None and error.code == "bug":
            self.fail(f"{command.verb} ended with a bug: {error.message}")
        if code == Exit.DONE and command.verb in PUBLIC:
            release = release_of(live) if live else None
            if live is None or command.wanted not in (None, release):
                self.fail(f"{command.verb} says done, and {live} serves, wanted {command.wanted}")
            if self.is_well and not self.serves(live):
                self.fail(f"{command.verb} says done, and {live} does not answer")
        nothing_new = (Exit.REFUSED, Exit.LOCKED, Exit.USAGE, Exit.ROLLED_BACK)
        if code in nothing_new and command.held_lease and live and number_of(live) > command.newest_at_lease:
            self.fail(f"{command.verb} exits {code}, and {live} serves, which it launched")
        forward = live is not None and number_of(live) > command.newest_at_lease
        sim = self.sim
        sick = sim.edge.bad | sim.unready | sim.programs.crashing | sim.database.failing
        told = error.code if error is not None else ""
        if (
            code == Exit.UNSAFE
            and told != "window-stuck"
            and not forward
            and not sick
            and self.is_well
            and not self.sim.net.lossy
            and not self.sim.disk.full
        ):
            self.fail(f"{command.verb} exits 5 on a machine that is well: {error.message if error else ''}")

    def _live(self) -> str | None:
        slot = self.sim.edge.live_slot()
        return slot.removesuffix(".hold") if slot else None

    def serves(self, slot: str | None) -> bool:
        """Does that slot's web process listen?"""
        return any(p.kind == "web" and p.slot == slot and p.listening for p in self.sim.processes.living)
