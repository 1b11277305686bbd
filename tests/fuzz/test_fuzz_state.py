"""A damaged state file never ends in a traceback: it is made good, or the error names it."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from state_fuzz import attack, clear, files, lay_out, look

COUNT = int(os.environ.get("GREENROOM_FUZZ", "300"))
"""``GREENROOM_FUZZ=10000`` is the long form."""


def test_whole_files_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "user"))
    root = lay_out(tmp_path / "shop")
    look(tmp_path / "shop")
    assert len(files(root)) > 15
    clear(root)


def test_no_damage_ends_in_a_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "user"))
    root = lay_out(tmp_path / "shop")
    told = 0
    for file, error in attack(tmp_path / "shop", root, random.Random(COUNT), COUNT):
        if error is not None:
            told += 1
            where = f"{error.message}\n{error.details}"
            assert file.name in where or file.stem in where or str(file.parent) in where, (file, error)
            assert error.hint or error.details
    assert told > COUNT // 10
    clear(root)
