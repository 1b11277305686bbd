"""People and tokens: under the lease, told to the history, never with a secret."""

from __future__ import annotations

from pathlib import Path

import pytest
from memory_target import Place

from greenroom.domain.access import AccessPolicy, Doorkeeping, SignIn
from greenroom.domain.environment import Access
from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.secret import Secret
from greenroom.drivers.local.doorkeeper import LocalDoorkeeper
from greenroom.drivers.local.edge_door import OPEN
from greenroom.drivers.local.layout import Layout
from greenroom.drivers.memory import World
from greenroom.drivers.system.real import this_machine
from greenroom.services import access

PASSWORD = Secret("correct horse")


def keeper(tmp_path: Path, **policies: AccessPolicy) -> LocalDoorkeeper:
    for name in ("secrets", "edge"):
        (tmp_path / name).mkdir(mode=0o700, exist_ok=True)
    told = Doorkeeping("shop", 443, SignIn("sign-in.shop.test"), {}, policies)
    return LocalDoorkeeper(Layout(tmp_path, tmp_path), this_machine().disk, lambda: told)


def test_people_come_and_go(tmp_path: Path) -> None:
    target, kept = Place(World()).target, keeper(tmp_path)
    access.add_person(target, kept, "ada", PASSWORD, 0.0)
    access.add_person(target, kept, "ada", Secret("another password"), 0.0)
    assert access.show(kept)["people"] == ["ada"]
    access.remove_person(target, kept, "ada", 0.0)
    with pytest.raises(GreenroomError, match="nobody called ada"):
        access.remove_person(target, kept, "ada", 0.0)
    entries = target.doors.ledger.entries(last=10)
    assert [e.data["what"] for e in entries] == ["person added", "person added", "person removed"]
    assert "horse" not in repr(entries)


@pytest.mark.parametrize("name", ["", "a b", "../x", "a:b", "-a", "a" * 65, "ü", "a\n"])
def test_names(tmp_path: Path, name: str) -> None:
    with pytest.raises(GreenroomError) as caught:
        access.add_person(Place(World()).target, keeper(tmp_path), name, PASSWORD, 0.0)
    assert (caught.value.code, caught.value.exit) == ("bad-name", Exit.USAGE)


@pytest.mark.parametrize("password", ["", "short", "x" * 1001])
def test_passwords(tmp_path: Path, password: str) -> None:
    with pytest.raises(GreenroomError) as caught:
        access.add_person(Place(World()).target, keeper(tmp_path), "ada", Secret(password), 0.0)
    assert caught.value.code == "weak-password"


def test_tokens_are_of_one_environment(tmp_path: Path) -> None:
    target, kept = Place(World()).target, keeper(tmp_path)
    made = access.create_token(target, kept, "tests", 60.0, 0.0).reveal()
    with pytest.raises(GreenroomError, match="has a token tests"):
        access.create_token(target, kept, "tests", 0.0, 0.0)
    (told,) = access.show(kept)["tokens"]
    assert told["expires"] - told["created"] == 60.0
    assert made.startswith("grt_")
    assert made not in (tmp_path / "secrets" / "_signin.json").read_text()
    access.revoke_token(target, kept, "tests", 0.0)
    with pytest.raises(GreenroomError, match="has no token"):
        access.revoke_token(target, kept, "tests", 0.0)


def test_doors_are_shut_first_and_opened_last(tmp_path: Path) -> None:
    private, public = AccessPolicy(Access.PRIVATE), AccessPolicy()
    marks = {name: tmp_path / "edge" / name / OPEN for name in ("a", "b")}
    kept = keeper(tmp_path, a=public, b=private)
    kept.publish()
    assert list((tmp_path / "edge").iterdir()) == [], "nobody is made by the way"
    kept.publish("a")
    kept.publish("b")
    assert {name: mark.exists() for name, mark in marks.items()} == {"a": True, "b": False}
    before = (tmp_path / "secrets" / "_signin.json").read_text()
    keeper(tmp_path, a=private, b=public).publish()
    assert {name: mark.exists() for name, mark in marks.items()} == {"a": False, "b": True}
    assert (tmp_path / "secrets" / "_signin.json").read_text() == before, "nobody is signed out by it"
    assert (tmp_path / "signin" / "config.json").stat().st_mode & 0o777 == 0o600
