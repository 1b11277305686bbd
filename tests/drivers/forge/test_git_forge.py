"""Branches read with git from real repositories; what is not read whole is an error, never a short list."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from greenroom.domain.errors import GreenroomError
from greenroom.drivers.forge import GitForge


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit(folder: Path, branch: str) -> str:
    git(folder, "checkout", "-q", "-B", branch)
    git(folder, "commit", "-q", "--allow-empty", "-m", "one more")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def team(tmp_path: Path) -> tuple[Path, Path]:
    """A member's clone that pushes, and the clone that Greenroom stands in."""
    (tmp_path / "hub.git").mkdir()
    git(tmp_path / "hub.git", "init", "-q", "--bare", "-b", "master")
    ours = tmp_path / "ours"
    ours.mkdir()
    git(ours, "init", "-q", "-b", "master")
    git(ours, "remote", "add", "origin", str(tmp_path / "hub.git"))
    commit(ours, "master")
    git(ours, "push", "-q", "origin", "master")
    git(tmp_path, "clone", "-q", str(tmp_path / "hub.git"), "here")
    return ours, tmp_path / "here"


def forge(folder: Path, *targets: str, remote: str = "origin") -> GitForge:
    return GitForge(folder, os.environ, targets or ("main", "master"), remote)


def test_branches_and_merges_as_the_remote_has_them_now(team: tuple[Path, Path]) -> None:
    ours, here = team
    tip = commit(ours, "anna/AFO-1_a")
    git(ours, "push", "-q", "origin", "anna/AFO-1_a")
    seen = forge(here)
    assert set(seen.branches()) == {"master", "anna/AFO-1_a"}
    assert seen.branches()["anna/AFO-1_a"] == tip
    assert seen.is_merged(tip) is False
    assert seen.is_merged(seen.branches()["master"]) is True
    git(ours, "checkout", "-q", "master")
    git(ours, "merge", "-q", "--no-ff", "-m", "merge", "anna/AFO-1_a")
    git(ours, "push", "-q", "origin", "master")
    assert forge(here).is_merged(tip) is True
    assert git(here, "branch", "--list") == "* master"


def test_squashed_and_rewritten_commits_are_not_in_the_target(team: tuple[Path, Path]) -> None:
    ours, here = team
    tip = commit(ours, "bob/AFO-2_b")
    git(ours, "push", "-q", "origin", "bob/AFO-2_b")
    assert forge(here).is_merged(tip) is False
    git(ours, "checkout", "-q", "master")
    git(ours, "commit", "-q", "--allow-empty", "-m", "squashed")
    git(ours, "push", "-q", "origin", "master")
    git(ours, "push", "-q", "--force", "origin", "master:bob/AFO-2_b")
    again = forge(here)
    assert again.is_merged(again.branches()["bob/AFO-2_b"]) is True
    assert again.is_merged(tip) is False


def test_a_commit_that_nobody_has_cannot_be_judged(team: tuple[Path, Path]) -> None:
    assert forge(team[1]).is_merged("1" * 40) is None


def test_a_shallow_clone_says_yes_or_nothing(team: tuple[Path, Path], tmp_path: Path) -> None:
    ours, _ = team
    first = git(ours, "rev-parse", "master")
    tip = commit(ours, "anna/AFO-3_c")
    git(ours, "push", "-q", "origin", "anna/AFO-3_c")
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{tmp_path / 'hub.git'}", "thin")
    seen = forge(tmp_path / "thin")
    assert seen.is_merged(first) is True
    assert seen.is_merged(tip) in (None, False)


def test_without_a_remote_the_local_branches_count(team: tuple[Path, Path]) -> None:
    ours, _ = team
    git(ours, "remote", "remove", "origin")
    tip = commit(ours, "anna/AFO-4_d")
    seen = forge(ours)
    assert set(seen.branches()) == {"master", "anna/AFO-4_d"}
    assert seen.is_merged(tip) is False


def test_a_remote_that_is_away_or_empty_is_an_error(team: tuple[Path, Path], tmp_path: Path) -> None:
    _, here = team
    git(tmp_path, "init", "-q", "--bare", "empty.git")
    for remote in (str(tmp_path / "nowhere.git"), str(tmp_path / "empty.git")):
        with pytest.raises(GreenroomError) as raised:
            forge(here, remote=remote).branches()
        assert raised.value.code == "branches-unread"
    with pytest.raises(GreenroomError, match="none of them is trunk"):
        forge(here, "trunk").branches()


@pytest.mark.parametrize(
    ("says", "exit"),
    [
        (f"{'a' * 40}\trefs/heads/master\n{'b' * 40}\trefs/he", 0),
        (f"{'a' * 40}\trefs/heads/master\nwarning: something\n", 0),
        (f"{'a' * 40}\trefs/heads/master\n", 128),
        ("", 0),
    ],
)
def test_a_list_that_is_half_read_is_an_error(
    team: tuple[Path, Path], tmp_path: Path, says: str, exit: int
) -> None:
    """A git that is cut off in the middle of its answer."""
    real = subprocess.run(["which", "git"], check=True, capture_output=True, text=True).stdout.strip()
    (tmp_path / "bin").mkdir()
    (tmp_path / "says").write_text(says)
    (tmp_path / "bin" / "git").write_text(
        f'#!/bin/sh\n[ "$1" = ls-remote ] || exec {real} "$@"\ncat {tmp_path}/says\nexit {exit}\n'
    )
    (tmp_path / "bin" / "git").chmod(0o755)
    environ = {**os.environ, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}
    before = os.environ["PATH"]
    os.environ["PATH"] = environ["PATH"]
    try:
        with pytest.raises(GreenroomError) as raised:
            GitForge(team[1], environ, ("master",)).branches()
    finally:
        os.environ["PATH"] = before
    assert raised.value.code == "branches-unread"


def test_a_branch_name_is_never_an_option(team: tuple[Path, Path], tmp_path: Path) -> None:
    ours, here = team
    tip = commit(ours, "x/$(touch${IFS}pwned)`id`;&|")
    git(ours, "push", "-q", "origin", "HEAD")
    seen = forge(here)
    assert seen.is_merged(tip) is False
    assert not list(tmp_path.rglob("pwned"))
