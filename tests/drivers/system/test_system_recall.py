"""What was kept is used while its key fits, and rubbish is passed over."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greenroom.config import fingerprint
from greenroom.drivers.system.recall import recall


def never() -> str:
    raise AssertionError("made although it was kept")


def test_kept_until_the_key_changes(tmp_path: Path) -> None:
    file = tmp_path / "kept"
    assert recall(file, "one", lambda: "made") == "made"
    assert file.stat().st_mode & 0o777 == 0o600
    assert recall(file, "one", never) == "made"
    assert recall(file, "two", lambda: "anew") == "anew"
    assert recall(file, "two", never) == "anew"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=60))
def test_rubbish_is_made_anew(tmp_path: Path, rubbish: bytes) -> None:
    file = tmp_path / "kept"
    file.write_bytes(rubbish)
    assert recall(file, "one", lambda: "made") == "made"


def test_what_others_may_write_is_not_trusted(tmp_path: Path) -> None:
    file = tmp_path / "kept"
    recall(file, "one", lambda: "made")
    file.chmod(0o666)
    assert recall(file, "one", lambda: "anew") == "anew"


def test_where_nothing_can_be_kept_it_is_made(tmp_path: Path) -> None:
    assert recall(tmp_path / "no" / "folder", "one", lambda: "made") == "made"


@pytest.mark.parametrize("name", ["alembic.ini", "requirements.txt"])
def test_the_fingerprint_sees_files_that_decide_defaults(tmp_path: Path, name: str) -> None:
    toml = tmp_path / "greenroom.toml"
    toml.write_text('name = "shop"\n')
    first = fingerprint(toml)
    assert fingerprint(toml) == first
    (tmp_path / name).touch()
    second = fingerprint(toml)
    toml.write_text('name = "shop2"\n')
    assert len({first, second, fingerprint(toml)}) == 3
