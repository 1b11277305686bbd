"""Make, put to sleep, wake, sweep and remove environments; killed at every step, and again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from estate_place import BRANCH, RULES, House
from memory_target import A, B, C, D

from greenroom.cli.render.environments import receipt
from greenroom.domain.environment import Environment, TargetKind
from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.record import State
from greenroom.drivers.memory import Crash
from greenroom.ports import Presence, Values
from greenroom.services.deliver import Wish, deploy
from greenroom.services.developing import develop
from greenroom.services.environments.caring import care
from greenroom.services.environments.listing import extend, line, listing, settings
from greenroom.services.environments.making import create
from greenroom.services.environments.removing import destroy
from greenroom.services.environments.sleeping import due_work, sleep, wake
from greenroom.services.environments.sweeping import sweep
from greenroom.services.promoting import promote
from greenroom.services.target import Target
from greenroom.services.up import up

FB = "fb-1"
Act = Callable[[House], object]


def made() -> House:
    """One environment of a branch that has a commit of its own."""
    house = House()
    house.forge.branch(BRANCH)
    house.forge.commit(BRANCH)
    create(house.estate, BRANCH)
    return house


def asleep() -> House:
    house = made()
    sleep(house.estate.at(house.estate.known(FB)))
    return house


def gone_branch() -> House:
    house = made()
    house.forge.delete(BRANCH)
    return house


def the(house: House) -> object:
    return house.estate.at(house.estate.known(FB))


def remove(house: House) -> object:
    return destroy(house.estate.at(house.estate.known(FB)))


def is_there(house: House) -> bool:
    world = house.worlds[FB]
    record = house.one.records.get(FB)
    return (
        record is not None
        and record.state is State.READY
        and world.live is not None
        and world.live in world.up
    )


def is_gone(house: House) -> bool:
    world = house.worlds[FB]
    return (
        FB not in house.one.records and not world.slots and FB not in world.resources and world.live is None
    )


def is_asleep(house: House) -> bool:
    world = house.worlds[FB]
    told = line(house.estate, house.one.records[FB])
    return told.state == "asleep" and not world.up and not world.working and told.live is None


def branch() -> House:
    house = House()
    house.forge.branch(BRANCH)
    return house


STORIES: dict[str, tuple[Callable[[], House], Act, Callable[[House], bool]]] = {
    "create": (branch, lambda h: create(h.estate, BRANCH), is_there),
    "create again": (made, lambda h: create(h.estate, BRANCH), is_there),
    "create while it sleeps": (asleep, lambda h: create(h.estate, BRANCH), is_there),
    "destroy": (made, remove, is_gone),
    "destroy while it sleeps": (asleep, remove, is_gone),
    "sleep": (made, lambda h: sleep(h.estate.at(h.estate.known(FB))), is_asleep),
    "wake": (asleep, lambda h: wake(h.estate.at(h.estate.known(FB))), is_there),
    "sweep": (gone_branch, lambda h: sweep(h.estate, True), is_gone),
}


def killed(house: House, act: Act, before: int) -> bool:
    """Run it killed before that effect; false when it ended earlier."""
    house.one.stop_before = before
    try:
        act(house)
    except Crash:
        return True
    finally:
        house.one.stop_before = None
    return False


@pytest.mark.parametrize("name", STORIES)
def test_killed_anywhere_the_same_command_finishes(name: str) -> None:
    before, act, done = STORIES[name]
    steps = 0
    while True:
        house = before()
        if not killed(house, act, steps):
            break
        steps += 1
        after_kill = house.one.records.get(FB)
        if name.startswith(("destroy", "sweep")) and after_kill is None:
            assert is_gone(house)
            continue
        if name == "sleep":
            told = line(house.estate, house.one.records[FB])
            assert (told.state == "asleep") == house.worlds[FB].asleep
            assert told.live is None or told.live in house.worlds[FB].up
        act(house)
        assert done(house), f"{name} killed before effect {steps}"
    assert steps >= 3
    assert done(house)


@pytest.mark.parametrize("name", ["create", "destroy"])
def test_killed_anywhere_the_other_command_undoes(name: str) -> None:
    """What was half made can be removed; what was half removed is refused to be made until its removal is done."""
    before, act, _ = STORIES[name]
    steps = 0
    while killed(house := before(), act, steps):
        steps += 1
        if FB not in house.one.records:
            continue
        if name == "destroy" and house.one.records[FB].state is State.GOING:
            with pytest.raises(GreenroomError) as raised:
                create(house.estate, BRANCH)
            assert (raised.value.code, raised.value.exit) == ("going", Exit.REFUSED)
            assert "--resume" in raised.value.hint
        destroy(house.estate.at(house.estate.known(FB)), resume=house.one.records[FB].state is State.GOING)
        assert is_gone(house)


def test_two_branches_of_one_ticket_and_the_quota() -> None:
    house = made()
    house.one.releases["bob/AFO-1_other"] = B
    second = create(house.estate, "bob/AFO-1_other")
    assert (second.record.name, second.resolution.owned_by) == ("fb-1-2", BRANCH)
    assert any("fb-1-2" in e.text for e in house.events)
    house.one.releases["cleo/AFO-2_x"] = C
    create(house.estate, "cleo/AFO-2_x")
    with pytest.raises(GreenroomError) as raised:
        create(house.estate, "dora/AFO-3_y")
    assert (raised.value.code, raised.value.exit) == ("quota", Exit.REFUSED)
    with pytest.raises(GreenroomError, match="belongs to no environment"):
        create(house.estate, "something/else")
    assert [x.record.name for x in listing(house.estate)] == ["fb-1", "fb-1-2", "fb-2"]


def test_removing_one_keeps_the_other_and_what_it_uses() -> None:
    house = made()
    house.one.releases["bob/AFO-2_other"] = A
    create(house.estate, "bob/AFO-2_other")
    receipt = destroy(house.estate.at(house.estate.known(FB)))
    assert receipt.left == ()
    assert receipt.was["slots"].startswith(f"{A.id}.fb-1-")
    assert A.id in house.one.releases
    assert house.worlds["fb-2"].live in house.worlds["fb-2"].up
    entries = house.estate.ledger.entries(FB, "destroyed")
    assert entries[-1].data["was"] == receipt.was


def test_a_stuck_part_is_named_and_the_rest_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    house = made()
    target = house.estate.at(house.estate.known(FB))
    broken = target.doors.resources[0]

    def refuses(_environment: str) -> None:
        raise GreenroomError("s3", "the object store does not answer")

    monkeypatch.setattr(type(broken), "remove", lambda _self, env: refuses(env))
    with pytest.raises(GreenroomError) as raised:
        destroy(target)
    assert (raised.value.code, raised.value.exit) == ("residue", Exit.UNSAFE)
    assert "the object store does not answer" in raised.value.message
    assert "--resume" in raised.value.hint
    assert not house.worlds[FB].slots
    monkeypatch.undo()
    destroy(house.estate.at(house.estate.known(FB)), resume=True)
    assert is_gone(house)
    with pytest.raises(GreenroomError, match="there is no environment fb-1"):
        house.estate.known(FB)


def test_the_first_sweep_only_shows_and_trouble_removes_nothing() -> None:
    house = gone_branch()
    first = sweep(house.estate, None)
    assert first.pending
    assert not first.applied
    assert is_there(house)
    house.forge.failing = "the forge is away"
    blind = sweep(house.estate, True)
    assert blind.unread == "the forge is away"
    assert not any(v.goes for v in blind.verdicts)
    assert is_there(house)
    house.forge.failing = ""
    done = sweep(house.estate, None)
    assert [r.environment for r in done.receipts] == [FB]
    assert is_gone(house)


def test_a_decision_does_not_outlive_a_deploy() -> None:
    house = gone_branch()
    target = house.estate.at(house.estate.known(FB))
    looked_at = house.one.records[FB]
    house.one.time += 60.0
    deploy(target, Wish(B))
    with pytest.raises(GreenroomError) as raised:
        destroy(target, expected=looked_at)
    assert (raised.value.code, raised.value.exit) == ("changed", Exit.REFUSED)
    assert is_there(house)


def test_time_to_live_begins_anew_with_a_deploy_and_can_be_extended() -> None:
    house = made()
    house.one.time += 86000.0
    deploy(house.estate.at(house.estate.known(FB)), Wish(B))
    house.one.time += 86000.0
    assert not any(v.goes for v in sweep(house.estate, True).verdicts)
    extend(house.estate, FB, 3 * 86400.0)
    house.one.time += 2 * 86400.0
    assert not any(v.goes for v in sweep(house.estate, True).verdicts)
    house.one.time += 2 * 86400.0
    assert [v.goes for v in sweep(house.estate, True).verdicts if v.name == FB] == [True]
    assert is_gone(house)


def test_settings_for_one_environment_alone() -> None:
    house = made()
    before = house.estate.at(house.estate.known(FB))
    settings(house.estate, FB, {"BANNER": "hello", "OTHER": "x"})
    settings(house.estate, FB, {"OTHER": None})
    after = house.estate.at(house.estate.known(FB))
    assert dict(after.place.env) == {"BANNER": "hello"}
    assert dict(before.place.env) == {}
    assert create(house.estate, BRANCH).record.env == {"BANNER": "hello"}


def test_who_is_idle_sleeps_and_whoever_calls_wakes_it() -> None:
    house = made()
    world = house.worlds[FB]
    house.one.time += 500.0
    world.last_request = house.one.time
    house.one.time += 200.0
    due_work(house.target(RULES[2].environment(FB)))
    assert is_there(house)
    house.one.time += 500.0
    due_work(house.target(RULES[2].environment(FB)))
    assert is_asleep(house)
    assert not due_work(house.target(RULES[2].environment(FB)))
    world.called = True
    assert due_work(house.target(RULES[2].environment(FB)))
    assert is_there(house)
    assert not world.asleep
    assert world.slots[world.live or ""].release == A.id
    with pytest.raises(GreenroomError, match="production does not sleep"):
        sleep(house.fixed("production"))


def test_a_schedule_does_what_is_due_in_every_environment() -> None:
    house = made()
    house.forge.branch("eve/AFO-2_other")
    create(house.estate, "eve/AFO-2_other", BRANCH)
    first = care(house.estate)
    assert (first.busy, first.failed) == ((), ())
    assert care(house.estate).idle == (FB, "fb-2")
    house.one.time += 700.0
    house.worlds["fb-2"].last_request = house.one.time
    with house.estate.at(house.estate.known("fb-2")).lease.hold("deploy", 0.0):
        seen = care(house.estate)
    assert (seen.done, seen.busy) == ((FB,), ("fb-2",))
    assert is_asleep(house)


def test_one_that_sleeps_stays_asleep_and_says_what_wakes_it() -> None:
    house = asleep()
    told = house.one.entries.copy()
    sleep(house.estate.at(house.estate.known(FB)))
    assert is_asleep(house)
    assert house.one.entries == told, "nothing was done, so nothing is written down"
    shown = line(house.estate, house.one.records[FB])
    assert shown.to_json()["woken_by"] == "request"


def test_what_has_no_record_is_found_and_goes_only_when_asked() -> None:
    house = made()
    house.one.records.pop(FB)
    asked: list[Sequence[str]] = []
    shown = sweep(house.estate, True)
    assert list(shown.orphans) == [FB]
    assert house.worlds[FB].slots
    sweep(house.estate, False, orphans=asked.append)
    assert not asked
    assert house.worlds[FB].slots, "a rehearsal removes nothing"
    done = sweep(house.estate, True, orphans=asked.append)
    assert asked == [(FB,)]
    assert [r.environment for r in done.receipts] == [FB]
    assert is_gone(house)
    assert not sweep(house.estate, True).orphans


def test_what_has_no_record_is_looked_for_on_every_target() -> None:
    house = made()
    house.one.records.pop(FB)
    looked: list[Environment] = []

    def target(place: Environment) -> Target:
        looked.append(place)
        return house.target(place)

    far = replace(RULES[2], like=replace(RULES[2].like, target=TargetKind.KUBERNETES))
    estate = replace(house.estate, rules=(*RULES[:2], far), target=target)
    assert list(sweep(estate, True).orphans) == [FB]
    assert {place.target for place in looked} == {TargetKind.LOCAL, TargetKind.KUBERNETES}
    sweep(estate, True, orphans=lambda _names: None)
    assert {p.target for p in looked if p.name == FB} == {TargetKind.LOCAL, TargetKind.KUBERNETES}
    assert is_gone(house)


def test_one_that_takes_too_much_room_gets_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    house = made()
    rule = replace(RULES[2], disk=10)
    estate = replace(house.estate, rules=(*RULES[:2], rule))
    resource = type(estate.at(estate.known(FB)).doors.resources[0])
    monkeypatch.setattr(resource, "observe", lambda _self, _env: Presence(True, "", 11))
    with pytest.raises(GreenroomError) as raised:
        create(estate, BRANCH)
    assert (raised.value.code, raised.value.exit) == ("quota-disk", Exit.REFUSED)


def test_data_that_stays_is_told_and_written_down(monkeypatch: pytest.MonkeyPatch) -> None:
    house = made()
    target = house.estate.at(house.estate.known(FB))
    told = "volume x (data): /srv/x on node n1"
    seen = Presence(True, stays=(told,))
    monkeypatch.setattr(type(target.doors.resources[0]), "observe", lambda _self, _env: seen)
    done = destroy(target)
    assert set(done.stays) == {told}
    assert told in receipt(done)
    kinds = [e.kind for e in house.estate.ledger.entries(FB) if told in (e.data.get("data") or ())]
    assert kinds == ["stays"]


class Bench:
    """A workbench that only notes what it is asked for."""

    def __init__(self, name: str, fails: int = 0) -> None:
        self.name, self.fails = name, fails
        self.served: dict[str, str] = {}

    def branch(self) -> str:
        return self.name

    def prepare(self) -> None:
        return None

    def migrate(self, values: Values) -> int:
        assert values["SECRET_KEY"]
        return self.fails

    def serve(self, values: Values, port: int, argv: Sequence[str]) -> int:
        self.served = {key: value.reveal() for key, value in values.items()}
        return 0


@pytest.mark.parametrize(
    ("name", "place"), [(BRANCH, FB), ("master", "local"), ("", "local"), ("x/y", "local")]
)
def test_nobody_develops_on_the_data_of_production(name: str, place: str) -> None:
    house = branch()
    bench = Bench(name)
    assert develop(house.estate, bench, 5001, ()) == 0
    assert set(house.one.records) == {place}
    assert bench.served["PUBLIC_URL"] == "http://127.0.0.1:5001"
    assert bench.served["SECRET_KEY"] == f"secret of {place}"
    with pytest.raises(GreenroomError, match="the migration failed"):
        develop(house.estate, Bench(name, fails=1), 5001, ())


def test_who_calls_one_that_goes_does_not_wake_it() -> None:
    house = asleep()
    house.one.records[FB] = replace(house.one.records[FB], state=State.GOING)
    house.worlds[FB].called = True
    assert not due_work(house.estate.at(house.estate.known(FB)))
    assert not house.worlds[FB].up


def test_up_brings_back_the_branch_and_not_what_is_checked_out() -> None:
    """An environment of a branch never gets the commit that happens to be checked out."""
    house = asleep()
    up(house.estate.at(house.estate.known(FB)))
    assert is_there(house)
    fresh = branch()
    fresh.one.releases["HEAD"] = C
    fresh.one.records[FB] = replace(house.one.records[FB], state=State.MAKING, release=None)
    up(fresh.estate.at(fresh.estate.known(FB)))
    live = fresh.worlds[FB].live or ""
    assert fresh.worlds[FB].slots[live].release == A.id


def staged() -> House:
    house = House()
    deploy(house.fixed("staging"), Wish(A))
    return house


def test_the_very_build_is_promoted() -> None:
    house = staged()
    promote(house.fixed("staging"), house.fixed("production"))
    live = house.worlds["production"].live or ""
    assert house.worlds["production"].slots[live].release == A.id
    assert house.estate.ledger.entries("production", "promoted")[-1].data["source"] == "staging"


def test_another_build_than_the_expected_one_is_not_promoted() -> None:
    house = staged()
    with pytest.raises(GreenroomError) as raised:
        promote(house.fixed("staging"), house.fixed("production"), expected=B)
    assert (raised.value.code, raised.value.exit) == ("serves-another", Exit.REFUSED)
    promote(house.fixed("staging"), house.fixed("production"), expected=A)
    assert house.worlds["production"].live


def test_the_environment_of_a_branch_is_found_by_the_branch() -> None:
    house = made()
    found = house.estate.of_branch(BRANCH)
    assert found is not None
    assert found.name == FB
    assert house.estate.of_branch("nobody/AFO-9_x") is None


@pytest.mark.parametrize("how", ["never staged", "altered", "ledger", "unrecorded"])
def test_what_staging_never_served_or_does_not_verify_is_refused(how: str) -> None:
    house = staged()
    release = D if how == "never staged" else A
    if how == "altered":
        house.one.altered[A.id] = "f" * 64
    if how == "ledger":
        first = house.one.entries[0]
        house.one.entries[0] = type(first)(
            first.seq, first.at, first.environment, first.kind, {"x": 1}, first.hash
        )
    if how == "unrecorded":
        house.one.entries[:] = [e for e in house.one.entries if e.kind != "built"]
    with pytest.raises(GreenroomError) as raised:
        deploy(house.fixed("production"), Wish(release))
    assert raised.value.exit is Exit.REFUSED
    assert raised.value.code == ("policy" if how == "never staged" else "provenance")
    assert house.worlds["production"].live is None
