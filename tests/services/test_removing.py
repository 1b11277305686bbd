"""What a removal may not do: let what cannot be seen stop the rest, throw the keys away too early, go on for somebody else."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from estate_place import BRANCH, RULES, House

from greenroom.domain.environment import Access, TargetKind
from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.record import State
from greenroom.drivers.memory.keeping import MemoryResource
from greenroom.ports import Presence
from greenroom.services.environments.making import create
from greenroom.services.environments.removing import destroy
from greenroom.services.remembering import remembered
from greenroom.services.target import Target

FB = "fb-1"


@dataclass(slots=True)
class Part(MemoryResource):
    """One that may be out of sight, or not go; ``when_removed``: what happens meanwhile."""

    away: bool = False
    freed_by: House | None = None

    def observe(self, environment: str) -> Presence:
        self._see()
        return MemoryResource.observe(self, environment)

    def remove(self, environment: str) -> None:
        self._see()
        if self.freed_by is not None:
            self.freed_by.worlds[environment].held_by = None
        MemoryResource.remove(self, environment)

    def residue(self, environment: str) -> tuple[str, ...]:
        self._see()
        return MemoryResource.residue(self, environment)

    def _see(self) -> None:
        if self.away:
            raise GreenroomError("s3", "the object store does not answer")


def with_parts(house: House, *parts: Part) -> Target:
    """The environment of the branch, made, with these parts; the first is made first."""
    house.forge.branch(BRANCH)
    create(house.estate, BRANCH)
    target = house.estate.at(house.estate.known(FB))
    for part in parts:
        part.ensure(FB)
    return replace(target, doors=replace(target.doors, resources=parts))


def test_one_that_cannot_be_looked_at_keeps_no_other_one() -> None:
    keys, database, bucket = Part(set(), "keys"), Part(set(), "database"), Part(set(), "bucket", away=True)
    target = with_parts(House(), keys, database, bucket)
    with pytest.raises(GreenroomError) as raised:
        destroy(target)
    assert (raised.value.code, raised.value.exit) == ("residue", Exit.UNSAFE)
    assert "the object store does not answer" in raised.value.message
    assert not target.observe(schema=False).slots
    assert not database.there
    assert keys.there, "what opens the bucket is still needed"
    bucket.away = False
    assert destroy(target, resume=True).left == ()
    assert not (keys.there | bucket.there)
    assert target.doors.records.get(FB) is None


def test_a_removal_whose_lease_was_freed_ends_there() -> None:
    house = House()
    keys, database, bucket = Part(set(), "keys"), Part(set(), "database"), Part(set(), "bucket")
    target = with_parts(house, keys, database, bucket)
    bucket.freed_by = house
    with pytest.raises(GreenroomError) as raised:
        destroy(target)
    assert (raised.value.code, raised.value.exit) == ("lease-lost", Exit.LOCKED)
    assert database.there
    assert keys.there
    assert house.estate.known(FB).state is State.GOING


def test_an_environment_stays_where_it_was_made() -> None:
    house = House()
    house.forge.branch(BRANCH)
    create(house.estate, BRANCH)
    record = house.estate.known(FB)
    moved = replace(RULES[2], like=replace(RULES[2].like, target=TargetKind.KUBERNETES))
    assert record.environment(moved).target is TargetKind.LOCAL
    far = replace(record, target=TargetKind.KUBERNETES)
    assert far.environment(RULES[2]).target is TargetKind.KUBERNETES
    without_a_rule = far.environment(None)
    assert without_a_rule.target is TargetKind.KUBERNETES
    assert without_a_rule.access is Access.PRIVATE, "nobody says any more who may see it"


def test_a_fixed_environment_goes_where_the_file_says() -> None:
    house = House()
    record = replace(remembered(house.fixed("production")), target=TargetKind.LOCAL)
    moved = replace(RULES[0], like=replace(RULES[0].like, target=TargetKind.KUBERNETES))
    assert record.environment(moved).target is TargetKind.KUBERNETES
