"""From greenroom.toml to the forge: where GitLab is, and by which token."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gitlab_stand import TestClock
from greenroom.domain.errors import GreenroomError
from greenroom.domain.sweeping import Merge
from greenroom.drivers.forge import GitForge
from greenroom.drivers.gitlab import GitLabForge
from greenroom.testing.gitlab import GitLab, GitRepository, Served
from greenroom.wiring import Wiring
from greenroom.wiring.registry import sources

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


def test_jobs_that_wait_are_among_those_who_use_the_registry(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = GitLab(TestClock())
    lab.repository = GitRepository(here.parent / "hub.git")
    lab.job("deploy:production", "master")
    table = '[gitlab]\nproject = "4711"\n[image]\nrepository = "127.0.0.1:1/shop"\n'
    with Served(lab):
        monkeypatch.setenv("CI_SERVER_URL", lab.url)
        monkeypatch.setenv("GREENROOM_GITLAB_TOKEN", "glpat-all")
        jobs = next(s for s in sources(wiring(here, table)) if s.what.startswith("jobs"))
        assert set(jobs.read().commits) == {lab.heads["master"], "1"}


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


def test_the_doctor_on_the_command_line(here: Path) -> None:
    lab = GitLab(TestClock(time.time()), GitRepository(here.parent / "hub.git"), version="99.0.0")
    lab.protected.clear()
    with Served(lab):
        wiring(here, f'[gitlab]\nurl = "{lab.url}"\nproject = "team/shop"\n')

        def doctor(*words: str) -> subprocess.CompletedProcess[str]:
            command = [
                str(Path(sys.executable).with_name("greenroom")),
                "-C",
                str(here),
                "--json",
                "doctor",
                *words,
            ]
            env = {**os.environ, "GREENROOM_GITLAB_TOKEN": "glpat-all"}
            return subprocess.run(command, capture_output=True, text=True, env=env, check=False)

        assert doctor("--fix").returncode == 2
        found = doctor("gitlab", "--check")
        assert found.returncode == 7, found.stderr
        assert json.loads(found.stdout)["result"]["problems"] == 1
        mended = json.loads(doctor("gitlab", "--fix").stdout)["result"]
    assert (mended["problems"], len(mended["fixed"])) == (0, 1)
    assert list(lab.protected) == ["master"]


def test_help_loads_no_gitlab() -> None:
    told = "import sys; from greenroom.cli.main import main; assert 'gitlab' not in sys.modules, 'loaded'"
    subprocess.run([sys.executable, "-c", told], check=True, env={"PATH": os.environ["PATH"]})
