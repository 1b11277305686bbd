"""The simulated disk keeps what was synced, and may forget the rest."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from greenroom.drivers.system.files import write_whole
from greenroom.testing.machine.disk import SimulatedDisk

HERE = Path("/s/x")


def disk() -> SimulatedDisk:
    made = SimulatedDisk(lambda _name: None, lambda: 0.0)
    made.make_folder(HERE)
    made.settle()
    return made


def after_power_cuts(made: object, path: Path, tries: int = 60) -> set[bytes | None]:
    """What the path may hold after a power cut: every content that some seed leaves."""
    import copy

    found: set[bytes | None] = set()
    for seed in range(tries):
        one = copy.deepcopy(made)
        assert isinstance(one, SimulatedDisk)
        one.lose_power(random.Random(seed))
        found.add(one.read(path) if one.exists(path) else None)
    return found


def test_what_was_written_whole_is_there_whole() -> None:
    made = disk()
    write_whole(HERE / "f", "one", disk=made)
    assert after_power_cuts(made, HERE / "f") == {b"one"}


def test_a_name_that_was_not_synced_may_be_gone() -> None:
    made = disk()
    made.create(HERE / "f", b"one")
    made.sync(HERE / "f")
    assert after_power_cuts(made, HERE / "f") == {b"one", None}


def test_content_that_was_not_synced_may_be_cut() -> None:
    made = disk()
    made.create(HERE / "f", b"one")
    made.sync_folder(HERE)
    found = after_power_cuts(made, HERE / "f")
    assert b"one" in found
    assert b"" in found


def test_a_rename_without_fsync_may_leave_the_old_one_or_an_empty_one() -> None:
    made = disk()
    write_whole(HERE / "f", "old", disk=made)
    made.create(HERE / "t", b"new")
    made.rename(HERE / "t", HERE / "f")
    found = after_power_cuts(made, HERE / "f")
    assert {b"old", b"new"} <= found
    assert found & {b"", b"n", b"ne"}


def test_a_folder_that_was_not_synced_takes_its_files_with_it() -> None:
    made = disk()
    made.make_folder(HERE / "slot")
    write_whole(HERE / "slot" / "slot.json", "{}", disk=made)
    assert after_power_cuts(made, HERE / "slot" / "slot.json") == {b"{}", None}


def test_a_full_disk_refuses() -> None:
    made = disk()
    made.full = True
    with pytest.raises(OSError, match="No space left"):
        made.create(HERE / "f", b"one")
    assert not made.exists(HERE / "f")
