"""A resource of one kind or another: the chosen one is made, and every one that was made goes."""

from __future__ import annotations

import pytest

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.secret import Secret
from greenroom.drivers.kubernetes.chosen import Absent, Chosen
from greenroom.drivers.memory import World
from greenroom.drivers.memory.keeping import MemoryResource


def test_what_was_made_of_another_kind_goes_and_is_looked_for() -> None:
    before, now = MemoryResource(set(), world=World()), MemoryResource(set(), world=World())
    kinds = {"before": before, "now": now}
    Chosen("database", kinds, lambda: "before").ensure("fb-1")
    chosen = Chosen("database", kinds, lambda: "now")
    assert not chosen.observe("fb-1").there
    chosen.ensure("fb-1")
    assert chosen.values("fb-1") == now.values("fb-1")
    assert len(chosen.residue("fb-1")) == 2
    assert list(chosen.found()) == ["fb-1"]
    chosen.remove("fb-1")
    assert (chosen.residue("fb-1"), dict(chosen.found())) == ((), {})
    assert not before.observe("fb-1").there


def test_data_of_another_kind_is_no_reason_to_make_a_second_one() -> None:
    before, now = MemoryResource(set(), world=World()), MemoryResource(set(), world=World())
    kinds = {"before": before, "now": now}
    Chosen("database", kinds, lambda: "before", kinds).ensure("fb-1")
    with pytest.raises(GreenroomError) as raised:
        Chosen("database", kinds, lambda: "now", kinds).ensure("fb-1")
    assert (raised.value.code, raised.value.exit) == ("kind-changed", Exit.REFUSED)
    assert before.observe("fb-1").there
    assert not now.observe("fb-1").there


def test_what_is_absent_has_nothing_and_leads_nowhere() -> None:
    nowhere = {"S3_ENDPOINT_URL": Secret("http://127.0.0.1:1")}
    absent = Absent("bucket", nowhere)
    absent.ensure("fb-1")
    absent.remove("fb-1")
    assert not absent.observe("fb-1").there
    assert (absent.values("fb-1"), absent.residue("fb-1"), absent.found()) == ({}, (), {})
    assert absent.unreachable("fb-1") == nowhere
