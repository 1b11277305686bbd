"""The state machine from any state: what a plan may contain, and what it never does."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom.domain.budget import connection_budget
from greenroom.domain.due import due, undo
from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.policy import Policy, Worse
from greenroom.domain.project import DatabaseLimits
from greenroom.domain.release import Identity, Release
from greenroom.domain.revisions import Phase, Revision, RevisionGraph, may_serve
from greenroom.domain.roles import Role, RoleKind
from greenroom.domain.rollout import Wanted, rollback, rollout
from greenroom.domain.secret import Secret
from greenroom.domain.stage import Mode, Observation, Slot, slot_id
from greenroom.domain.steps import Confirm, Launch, Migrate, Plan, Probe, Retire, Switch
from greenroom.domain.verdict import Measure, judge

PHASES = (Phase.EXPAND, Phase.EXPAND, Phase.CONTRACT, Phase.EXPAND, Phase.OFFLINE)
CHAIN = tuple(Revision(f"r{i}", (f"r{i - 1}",) if i else (), phase) for i, phase in enumerate(PHASES))
RELEASES = tuple(
    Release(
        f"{n:012x}", f"{n:064x}", "c", f"release {n}", "Ada", float(n), revisions=RevisionGraph(CHAIN[:n])
    )
    for n in range(1, 6)
)
NOW = 1_000.0


@st.composite
def observations(draw: st.DrawFn) -> Observation:
    """Any state that kills and time may have left behind, the sensible and the odd."""
    chosen = draw(st.lists(st.sampled_from(RELEASES), max_size=3))
    deadline = st.none() | st.sampled_from([NOW - 10, NOW + 10])
    slots = tuple(
        Slot(
            slot_id(r.id, n),
            "production",
            r.id,
            n,
            draw(st.sampled_from(["one", "two"])),
            0.0,
            draw(deadline),
            draw(deadline),
        )
        for n, r in enumerate(chosen, 1)
    )
    ids = [s.id for s in slots]
    subset = st.frozensets(st.sampled_from(ids)) if ids else st.just(frozenset[str]())
    live = draw(st.none() | st.sampled_from(ids)) if ids else None
    heads = draw(st.none() | st.sampled_from([frozenset[str]()] + [frozenset({r.id}) for r in CHAIN]))
    return Observation(
        "production",
        slots,
        draw(subset) | ({live} if live else frozenset()),
        live,
        draw(st.sampled_from(Mode)),
        draw(st.booleans()),
        draw(subset),
        heads,
        RELEASES,
        len(slots) + 1,
    )


def well_formed(plan: Plan, seen: Observation) -> None:
    """What holds for every plan of the machine."""
    for before, step in zip((None, *plan.steps), plan.steps, strict=False):
        if isinstance(step, Switch):
            assert isinstance(before, Probe)
            assert before.slot == step.slot
    running = {s.id for s in seen.slots}
    live = seen.live
    for step in plan.steps:
        if isinstance(step, Retire):
            assert step.slot != live
            running.discard(step.slot)
        if isinstance(step, Launch):
            running.add(step.slot)
            assert len(running) <= 2
        if isinstance(step, Switch):
            assert step.slot in running
            live = step.slot
    assert Plan.from_json(json.loads(json.dumps(plan.to_json()))) == plan


@settings(deadline=None, max_examples=400)
@given(
    observations(),
    st.sampled_from(RELEASES),
    st.none() | st.sampled_from([Mode.HOLD, Mode.MAINTENANCE]),
    st.booleans(),
)
def test_a_rollout_from_anywhere(
    seen: Observation, release: Release, window: Mode | None, fresh: bool
) -> None:
    try:
        plan = rollout(seen, Wanted(release, "one", window, fresh), Policy())
    except GreenroomError as error:
        assert error.exit is Exit.REFUSED
        assert error.hint
        return
    well_formed(plan, seen)
    migrated = [s for s in plan.steps if isinstance(s, Migrate)]
    applied = set(seen.newest_graph.ancestors(seen.heads or ()))
    applied |= {r for step in migrated for r in step.revisions}
    assert release.revisions.ids <= applied
    breaking = [
        r for r in CHAIN if r.id in {i for s in migrated for i in s.revisions} and r.phase is not Phase.EXPAND
    ]
    assert not breaking or window or seen.live is None
    if plan:
        assert [type(s) for s in plan.steps].count(Switch) == 1
        assert any(isinstance(s, Confirm) for s in plan.steps)


@settings(deadline=None, max_examples=300)
@given(observations(), st.none() | st.sampled_from(RELEASES))
def test_a_rollback_from_anywhere(seen: Observation, release: Release | None) -> None:
    try:
        plan = rollback(seen, release, Policy(), "one")
    except GreenroomError as error:
        assert error.exit is Exit.REFUSED
        return
    well_formed(plan, seen)
    assert plan.release is not None
    assert seen.may_serve(plan.release).ok
    assert not any(isinstance(s, Migrate) for s in plan.steps)


@settings(deadline=None, max_examples=300)
@given(observations())
def test_due_work_and_undo_from_anywhere(seen: Observation) -> None:
    for plan in (due(seen, NOW), undo(seen)):
        switched = {s.slot for s in plan.steps if isinstance(s, Switch)}
        gone = {s.slot for s in plan.steps if isinstance(s, Retire)}
        assert seen.live not in gone
        assert not switched & gone
        assert not any(isinstance(s, Migrate) for s in plan.steps)
        if switched:
            assert seen.window


def test_pending_comes_in_order_of_the_graph() -> None:
    graph = RevisionGraph(tuple(reversed(CHAIN)))
    assert [r.id for r in graph.pending({"r1"}, graph)] == ["r2", "r3", "r4"]
    assert graph.pending({"r4"}, graph) == ()
    assert graph.heads == {"r4"}


def test_who_may_serve() -> None:
    newest = RevisionGraph(CHAIN)
    old = RevisionGraph(CHAIN[:1])
    assert may_serve(old, {"r1"}, newest).ok
    assert "contract" in may_serve(old, {"r2"}, newest).because
    assert "lacks" in may_serve(newest, {"r1"}, newest).because
    assert "no recorded release" in may_serve(old, {"r0", "unknown"}, newest).because
    assert not may_serve(old, None, newest).ok


def test_when_a_release_is_worse() -> None:
    policy = Worse()
    assert not judge(Measure(19, 19, 9_000.0), Measure(100, 0, 10.0), policy).proven
    assert judge(Measure(100, 3, 10.0), Measure(100, 0, 10.0), policy).worse
    assert not judge(Measure(100, 2, 10.0), Measure(100, 0, 10.0), policy).worse
    assert judge(Measure(100, 0, 600.0), Measure(100, 0, 100.0), policy).worse
    assert not judge(Measure(100, 0, 400.0), Measure(100, 0, 10.0), policy).worse


def test_two_slots_of_web_and_one_of_workers_are_counted() -> None:
    roles = (
        Role("web", RoleKind.WEB, processes=4, connections=15),
        Role("w", RoleKind.WORKER, connections=5),
    )
    budget = connection_budget(roles, DatabaseLimits(100, 10))
    assert (budget.needed, budget.ok) == (135, False)


@settings(deadline=None)
@given(st.text(min_size=4))
def test_a_secret_never_prints(text: str) -> None:
    shown = f"{Secret(text)} {Secret(text)!r} {Secret(text):>20}"
    assert shown == "*** Secret(***) ***"
    assert Secret(text).reveal() == text


def test_the_commit_is_not_part_of_the_identity() -> None:
    one = Identity("tree", "lock", "python", "server")
    assert one.id == one.digest[:12]
    assert len({one.digest, Identity("tree2", "lock", "python", "server").digest}) == 2
