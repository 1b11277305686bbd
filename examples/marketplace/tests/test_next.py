"""The patches of next/ and broken/ fit this version and compile."""

from __future__ import annotations

import compileall
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from tests.conftest import ROOT

FOLDERS = ("next", "broken")
PATCHES = sorted(patch for folder in FOLDERS for patch in (ROOT / folder).glob("*.patch"))
NEXT = {"good", "contract", "broken", "turns-bad", "slow-start", "crash", "failing-migration"}
BROKEN = {"secret-key", "csrf-key", "memory-limiter", "large-pool", "cold", "liveness", "local-uploads"}
PHASES = {"good": "expand", "contract": "contract", "failing-migration": "expand"}


def test_all_patches_are_there() -> None:
    assert {patch.stem for patch in PATCHES} == NEXT | BROKEN
    for patch in PATCHES:
        assert f"`{patch.name}`" in (patch.parent / "README.md").read_text()


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: str(patch.stem))
def test_patch_applies_and_compiles(patch: Path, tmp_path: Path) -> None:
    copy = tmp_path / "shop"
    skip = shutil.ignore_patterns("__pycache__", ".*", *FOLDERS, "tests")
    shutil.copytree(ROOT, copy, ignore=skip)
    subprocess.run(["git", "init", "-q", "."], cwd=copy, check=True)
    subprocess.run(["git", "apply", "--check", str(patch)], cwd=copy, check=True)
    subprocess.run(["git", "apply", str(patch)], cwd=copy, check=True)
    assert compileall.compile_dir(copy, quiet=1)
    scripts = ScriptDirectory(str(copy / "migrations"))
    (head,) = scripts.get_heads()
    if patch.stem in PHASES:
        assert head.startswith("0009")
        assert scripts.get_revision(head).module.greenroom_phase == PHASES[patch.stem]
    else:
        assert head == "0008"


def test_patches_name_only_files_of_the_shop() -> None:
    for patch in PATCHES:
        for path in re.findall(r"^(?:\+\+\+|---) [ab]/(\S+)", patch.read_text(), re.MULTILINE):
            assert path.startswith(("shop/", "migrations/", "requirements.")), (patch.name, path)
