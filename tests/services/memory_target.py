"""One environment on the memory doors, with releases whose revisions tell every story that the tests need."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from greenroom.domain.errors import GreenroomError
from greenroom.domain.events import Event
from greenroom.domain.policy import Policy
from greenroom.domain.project import DatabaseLimits
from greenroom.domain.release import Release
from greenroom.domain.revisions import Phase, Revision, RevisionGraph
from greenroom.domain.roles import Role, RoleKind
from greenroom.domain.stage import Mode
from greenroom.drivers.memory import MemoryLease, MemoryPlatform, World, memory_doors
from greenroom.services.deliver import Wish, deploy
from greenroom.services.environments.sleeping import due_work
from greenroom.services.target import Target

ENV = "production"
POLICY = Policy(watch=15.0, keep_warm=600.0, keep_releases=5)
ROLES = (
    Role("web", RoleKind.WEB, processes=2),
    Role("worker", RoleKind.WORKER, command=("python", "-m", "shop.worker")),
)
REVISIONS = (
    Revision("0001", (), Phase.EXPAND, title="the first tables"),
    Revision("0002", ("0001",), Phase.EXPAND, title="a new column"),
    Revision("0003", ("0002",), Phase.CONTRACT, title="the old column goes"),
    Revision("0004", ("0003",), Phase.EXPAND, title="one more table"),
    Revision("0005", ("0004",), Phase.CONTRACT, declared=False, title="nobody said what this is"),
)


def release(letter: str, revisions: int, at: float) -> Release:
    """A release that carries the first so many revisions."""
    graph = RevisionGraph(REVISIONS[:revisions])
    return Release(letter * 12, letter * 64, letter * 40, f"release {letter}", "Ada", at, revisions=graph)


A = release("a", 1, 1.0)
"""The first one."""
B = release("b", 2, 2.0)
"""One expand revision more."""
C = release("c", 2, 3.0)
"""The schema of B."""
D = release("d", 3, 4.0)
"""A contract revision: A to C may not serve after it."""
E = release("e", 5, 5.0)
"""An expand and an undeclared revision on top of D's."""
RELEASES = {r.id: r for r in (A, B, C, D, E)}


@dataclass(slots=True)
class Place:
    """A world and the target that looks at it."""

    world: World
    policy: Policy = POLICY
    events: list[Event] = field(default_factory=list)
    platform: MemoryPlatform = field(default_factory=MemoryPlatform)
    limits: DatabaseLimits = field(default_factory=DatabaseLimits)

    @property
    def target(self) -> Target:
        self.platform.world = self.world
        return Target(
            environment=ENV,
            doors=memory_doors(self.world),
            lease=MemoryLease(self.world),
            platform=self.platform,
            policy=self.policy,
            roles=ROLES,
            limits=self.limits,
            emit=self.events.append,
            app_values={"APP": "shop"},
        )

    def copy(self) -> Place:
        return Place(copy.deepcopy(self.world), self.policy, limits=self.limits)

    @property
    def serving(self) -> str | None:
        """The id of the release that the public reaches."""
        live = self.world.live
        return self.world.slots[live].release if live else None


def empty() -> Place:
    """Builds on disk, nothing deployed."""
    return Place(World(releases=dict(RELEASES)))


def serving(*releases: Release, policy: Policy = POLICY) -> Place:
    """These were deployed one after the other (in a window, where needed); the one before the last is warm."""
    place = replace(empty(), policy=policy)
    for one in releases:
        deploy(place.target, Wish(one, window=Mode.MAINTENANCE))
    return place


def settled(*releases: Release) -> Place:
    """The same, a day later: only the last one is left."""
    place = serving(*releases)
    settle_all(place)
    return place


def settle_all(place: Place, later: float = 86_400.0, most: int = 12) -> None:
    """Let the time pass and the supervisor do all there is to do."""
    place.world.time += later
    for _ in range(most):
        if not due_work(place.target):
            return
    raise AssertionError(f"due work does not come to an end: {place.world.effects[-20:]}")


def check_always(place: Place) -> None:
    """What must hold between any two effects, whoever was killed."""
    w, seen = place.world, place.target.observe()
    assert len(w.up) <= 2, f"more than two slots run: {sorted(w.up)}"
    assert len(w.working) <= 1, f"workers of two slots: {sorted(w.working)}"
    assert w.working <= w.slots.keys()
    assert w.held_by is None
    if w.live is not None:
        assert w.live in w.slots, "the live slot is gone"
        assert w.live in w.up, "the live slot does not run"
        answer = seen.may_serve(w.slots[w.live].release)
        assert answer.ok or (w.window and w.mode is not Mode.OPEN), (
            f"the public side is open: {answer.because}"
        )
    place.target.doors.ledger.verify()


def check_settled(place: Place) -> None:
    """What must hold when all due work is done and all deadlines are over."""
    check_always(place)
    w = place.world
    expected = {w.live} if w.live else set()
    assert set(w.slots) == expected, f"left over: {set(w.slots) - expected}"
    assert w.up == expected
    assert w.working == expected
    assert not w.window
    assert w.mode is Mode.OPEN


def refused_with(call: Callable[[], object]) -> GreenroomError:
    """The error that a call ends with."""
    try:
        call()
    except GreenroomError as error:
        return error
    raise AssertionError("nothing was refused")
