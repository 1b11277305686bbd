"""The example shop's pipeline in gitlab-ci-local: the same jobs as our evaluator says; `scripts/pipeline-proofs` runs it whole."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from gitlab_ci_local import REMOTE, Runner, git
from pipeline_texts import FEATURE, KINDS, MARKETPLACE, WANTED

from greenroom.config import load
from greenroom.domain.pipelines.evaluating import evaluate
from greenroom.domain.pipelines.making import TEAMS
from greenroom.wiring.pipelines import assembled, generated

pytestmark = pytest.mark.timeout(600)


def repository(folder: Path) -> Path:
    """A copy of the shop with a branch of each kind."""
    ignored = shutil.ignore_patterns(".greenroom", "__pycache__", ".*_cache", "next", "broken")
    shutil.copytree(MARKETPLACE, folder, ignore=ignored)
    git(folder, "init", "-q", "-b", "master")
    (folder / ".gitignore").write_text(".gitlab-ci-local/\n")
    git(folder, "remote", "add", "origin", REMOTE)
    return commit(folder)


def commit(folder: Path) -> Path:
    """Commit everything; every branch is there now."""
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "the shop")
    for ref in ("develop", FEATURE):
        git(folder, "branch", "-f", ref)
    return folder


def test_on_every_kind_of_ref_the_same_jobs(tmp_path: Path) -> None:
    runner = Runner(repository(tmp_path / "shop"))
    pipeline = assembled(runner.folder)
    for kind, situation in KINDS.items():
        assert runner.jobs(situation) == set(evaluate(pipeline, situation).jobs) == WANTED[kind], kind


def test_a_check_runs_and_leaves_its_report(tmp_path: Path) -> None:
    """The types of one small file, with a mistake in it: the job fails, and the report tells GitLab where."""
    folder = repository(tmp_path / "shop")
    toml = folder / "greenroom.toml"
    head, _, rest = toml.read_text().partition("[ci]\n")
    small = 'mypy = "python -m mypy --config-file= small.py"\n'
    toml.write_text(f'{head}[ci]\ninstall = ""\n{small}\n[prove]{rest.partition("[prove]")[2]}')
    (folder / "small.py").write_text('one: int = "one"\n')
    for name, text in generated(load(toml))[0].items():
        (folder / name).write_text(text)
    assert (folder / TEAMS).is_file()
    runner = Runner(commit(folder))
    done = runner.run(KINDS["develop"], "mypy")
    assert done.returncode == 1, done.stdout + done.stderr
    (entry,) = json.loads(runner.artifact("mypy", "gl-code-quality-report.json").read_text())
    assert (entry["check_name"], entry["location"]) == (
        "assignment",
        {"path": "small.py", "lines": {"begin": 1}},
    )
