"""From greenroom.toml to the forge: where GitLab is, and by which token."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from gitlab_stand import TestClock

from greenroom.domain.errors import GreenroomError
from greenroom.domain.sweeping import Merge
from greenroom.drivers.forge import GitForge
from greenroom.drivers.gitlab import GitLabForge
from greenroom.testing.gitlab import GitLab, GitRepository, Served
from greenroom.wiring import Wiring

TOML = """\
name = "shop"

[app]
wsgi = "wsgi:app"
"""
VARIABLES = ("CI_SERVER_URL", "CI_PROJECT_ID", "GREENROOM_GITLAB_TOKEN")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "here"
    GitRepository(tmp_path / "hub.git")
    subprocess.run(["git", "clone", "-q", str(tmp_path / "hub.git"), str(folder)], check=True)
    return folder


def wiring(folder: Path, table: str) -> Wiring:
    (folder / "greenroom.toml").write_text(TOML + table)
    return Wiring(folder, lambda _event: None)


def test_without_the_table_git_is_asked(here: Path) -> None:
    assert isinstance(wiring(here, "").forge, GitForge)


def test_an_empty_table_takes_what_the_job_says(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = GitLab(TestClock())
    lab.repository = GitRepository(here.parent / "hub.git")
    lab.branch("anna/AFO-1_a")
    lab.commit("anna/AFO-1_a")
    lab.open_request("anna/AFO-1_a")
    with Served(lab):
        monkeypatch.setenv("CI_SERVER_URL", lab.url)
        monkeypatch.setenv("CI_PROJECT_ID", str(lab.id))
        monkeypatch.setenv("GREENROOM_GITLAB_TOKEN", "glpat-all")
        forge = wiring(here, "[gitlab]\n").forge
        assert isinstance(forge, GitLabForge)
        assert forge.branches() == lab.heads
        assert [r.state for r in forge.requests(["anna/AFO-1_a"])] == [Merge.OPEN]


def test_the_file_is_read_where_the_variable_is_not_set(here: Path) -> None:
    lab = GitLab(TestClock())
    lab.repository = GitRepository(here.parent / "hub.git")
    (here / "token").write_text("glpat-all\n")
    with Served(lab):
        table = f'[gitlab]\nurl = "{lab.url}"\nproject = "team/shop"\ntoken_file = "{here}/token"\n'
        assert wiring(here, table).forge.branches() == lab.heads
    with pytest.raises(GreenroomError, match=r"\$GREENROOM_GITLAB_TOKEN or .*/none gives none"):
        wiring(here, table.replace("/token", "/none")).forge.branches()


def test_nothing_says_which_gitlab(here: Path) -> None:
    with pytest.raises(GreenroomError, match=r"\[gitlab\] has no url"):
        wiring(here, "[gitlab]\n").forge.branches()


def test_a_deploy_asks_git_alone(here: Path) -> None:
    forge = wiring(here, '[gitlab]\nurl = "http://127.0.0.1:9"\nproject = "a/b"\n').forge
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True, check=True)
    assert forge.is_merged(head.stdout.strip()) is True
    with pytest.raises(GreenroomError, match="there is no token for GitLab"):
        forge.branches()


def test_help_loads_no_gitlab() -> None:
    told = "import sys; from greenroom.cli.main import main; assert 'gitlab' not in sys.modules, 'loaded'"
    subprocess.run([sys.executable, "-c", told], check=True, env={"PATH": os.environ["PATH"]})
