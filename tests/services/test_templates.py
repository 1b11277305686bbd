"""Templates as a use case: what is refused, what is told, what is left when it fails."""

from __future__ import annotations

import pytest
from memory_target import empty

from greenroom.domain.anonymise import Column, Rule, Rules
from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.secret import Secret
from greenroom.drivers.memory import Crash, MemoryAnonymiser, MemoryTemplates, World
from greenroom.services.target import Target
from greenroom.services.templates import refresh, remove

EMAIL = Column("users", "email", "character varying", 254, nullable=False)
PLAIN = Column("users", "id", "bigint")
RULES = Rules({"users.email": Rule.parse("fake:email")})


def made(*columns: Column) -> tuple[Target, World, MemoryTemplates, MemoryAnonymiser]:
    place = empty()
    target, world = place.target, place.world
    templates = MemoryTemplates(world, {"production": columns})
    return target, world, templates, MemoryAnonymiser(templates)


def test_a_refresh_applies_the_rules_and_is_told() -> None:
    target, _, templates, anonymiser = made(EMAIL, PLAIN)
    done = refresh(target, templates, anonymiser, "demo", RULES)
    assert done.template.source == "production"
    assert dict(done.changed) == {"users": 1}
    assert anonymiser.applied == [RULES]
    (entry,) = target.doors.ledger.entries(kind="template")
    assert entry.data["name"] == "demo"


@pytest.mark.parametrize(
    ("rules", "exit", "told"),
    [
        (Rules(), Exit.REFUSED, "users.email"),
        (Rules({**RULES.columns, "users.nick": Rule.parse("null")}), Exit.USAGE, "no such column"),
        (Rules({"users.email": Rule.parse("null")}), Exit.USAGE, "may not be null"),
        (Rules(RULES.columns, frozenset({"sessions"})), Exit.USAGE, "no such table"),
    ],
)
def test_nothing_is_copied_when_the_rules_do_not_fit(rules: Rules, exit: Exit, told: str) -> None:
    target, world, templates, anonymiser = made(EMAIL, PLAIN)
    before = list(world.effects)
    with pytest.raises(GreenroomError) as caught:
        refresh(target, templates, anonymiser, "demo", rules)
    assert caught.value.exit is exit
    assert told in caught.value.details
    assert world.effects == before
    assert templates.list() == ()


def test_a_column_that_came_meanwhile_is_refused_on_the_copy() -> None:
    target, _, templates, anonymiser = made(PLAIN)
    refresh(target, templates, anonymiser, "demo", Rules())
    before = templates.list()
    look = templates.columns

    class Later(MemoryAnonymiser):
        def columns(self, url: Secret) -> tuple[Column, ...]:
            return (*look("production"), EMAIL)

    with pytest.raises(GreenroomError, match="look personal") as caught:
        refresh(target, templates, Later(templates), "demo", Rules())
    assert caught.value.exit is Exit.REFUSED
    assert templates.list() == before


def test_killed_anywhere_the_old_template_stays() -> None:
    target, world, templates, anonymiser = made(EMAIL)
    refresh(target, templates, anonymiser, "demo", RULES)
    (before,) = templates.list()
    world.time += 100
    for number in range(2):
        world.stop_before = number
        with pytest.raises(Crash):
            refresh(target, templates, anonymiser, "demo", RULES)
        assert templates.list() == (before,)
    world.stop_before = None
    refresh(target, templates, anonymiser, "demo", RULES)
    assert templates.list() != (before,)


def test_only_what_is_there_is_removed() -> None:
    target, _, templates, anonymiser = made(EMAIL)
    refresh(target, templates, anonymiser, "demo", RULES)
    with pytest.raises(GreenroomError, match="no template other") as caught:
        remove(target, templates, "other")
    assert caught.value.exit is Exit.USAGE
    remove(target, templates, "demo")
    assert templates.list() == ()
