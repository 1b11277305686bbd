"""The forge is told of deploys and removals, and no deploy fails because it cannot be."""

from __future__ import annotations

import pytest
from estate_place import BRANCH, House
from memory_target import A, B

from greenroom.domain.errors import GreenroomError
from greenroom.domain.news import News, disruption
from greenroom.domain.stage import Mode
from greenroom.domain.steps import Plan, SetMode
from greenroom.drivers.memory import MemoryBoard
from greenroom.services.deliver import Wish, deploy
from greenroom.services.environments.making import create
from greenroom.services.environments.removing import destroy
from greenroom.services.environments.sweeping import sweep

FB = "fb-1"
HOST = "fb-1.shop.test"


def house() -> tuple[House, MemoryBoard]:
    board = MemoryBoard()
    made = House(board=board)
    made.forge.branch(BRANCH)
    made.forge.commit(BRANCH)
    create(made.estate, BRANCH)
    return made, board


def warnings(house: House) -> list[str]:
    return [e.text for e in house.events if e.text.startswith("warning: the forge")]


def test_a_deploy_is_told_with_what_it_did() -> None:
    made, board = house()
    (told,) = board.news
    assert (told.place.name, told.branch, told.release.id, told.failure) == (FB, BRANCH, A.id, "")
    assert told.serving == made.target(told.place).observe().live
    assert [m.id for m in told.migrations] == [r.id for r in A.revisions.revisions]
    assert told.disruption.startswith("none")


def test_a_deploy_that_fails_is_told_with_the_cause() -> None:
    made, board = house()
    made.world(FB).unready.add(B.id)
    with pytest.raises(GreenroomError) as caught:
        deploy(made.estate.at(made.estate.known(FB)), Wish(B))
    assert board.news[-1].failure == caught.value.message
    assert board.news[-1].serving is None


def test_a_restart_and_nothing_to_do_are_no_news() -> None:
    made, board = house()
    target = made.estate.at(made.estate.known(FB))
    deploy(target, Wish(A))
    deploy(target, Wish(restart=True))
    assert len(board.news) == 1


def test_a_forge_that_cannot_be_told_is_a_warning() -> None:
    made, board = house()
    board.failing = "it is away"
    target = made.estate.at(made.estate.known(FB))
    assert deploy(target, Wish(B)).serving
    assert destroy(target).left == ()
    assert warnings(made) == ["warning: the forge could not be told: it is away (look at it)"] * 2
    assert made.estate.records.get(FB) is None


def test_not_even_a_bug_of_the_forge_fails_a_deploy() -> None:
    class Broken(MemoryBoard):
        def tell(self, news: News) -> None:
            raise KeyError("iid")

    made, _ = house()
    made.board = Broken()
    assert deploy(made.estate.at(made.estate.known(FB)), Wish(B)).serving
    assert len(warnings(made)) == 1


def test_the_next_sweep_takes_off_what_could_not_be_told() -> None:
    made, board = house()
    board.listed |= {"staging.shop.test", "shop.test", "fb-2.elsewhere.test", "fb-7.shop.test"}
    board.failing = "it is away"
    made.forge.delete(BRANCH)
    assert [v.goes for v in sweep(made.estate, True).verdicts] == [True]
    assert HOST in board.listed
    board.failing = ""
    made.forge.branch("bob/AFO-7_new")
    sweep(made.estate, True)
    assert board.listed == {"staging.shop.test", "shop.test", "fb-2.elsewhere.test", "fb-7.shop.test"}
    made.forge.failing = "away too"
    made.forge.delete("bob/AFO-7_new")
    sweep(made.estate, True)
    assert "fb-7.shop.test" in board.listed


def test_what_is_foreseen_for_the_public() -> None:
    told = {mode: disruption(Plan("x", (SetMode(mode, True),))) for mode in Mode}
    assert "wait" in told[Mode.HOLD]
    assert "maintenance page" in told[Mode.MAINTENANCE]
    assert told[Mode.OPEN].startswith("none")
