"""Pipelines run by gitlab-ci-local: what of GitLab can be had on one machine. It takes no notice of `workflow: when: never`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from greenroom.domain.pipelines.situation import PROJECT, Situation

BIN = Path(sys.executable).parent
REMOTE = f"git@gitlab.example.test:{PROJECT}.git"
"""Nothing is ever asked there; gitlab-ci-local takes the project's name from it."""


def program() -> list[str]:
    """How gitlab-ci-local is called: `GREENROOM_GITLAB_CI_LOCAL`, or from PATH. Skips where something is missing."""
    found = os.environ.get("GREENROOM_GITLAB_CI_LOCAL") or shutil.which("gitlab-ci-local")
    missing = [name for name in ("node", "rsync") if shutil.which(name) is None]
    if not found or missing:
        pytest.skip(f"{' and '.join([*missing, *([] if found else ['gitlab-ci-local'])])} is not there")
    return ["node", found] if found.endswith(".js") else [found]


def git(folder: Path, *words: str) -> str:
    """Run git in a folder, as nobody in particular."""
    who = {
        f"GIT_{role}_{k}": v
        for role in ("AUTHOR", "COMMITTER")
        for k, v in (("NAME", "T"), ("EMAIL", "t@t.test"))
    }
    done = subprocess.run(
        ["git", *words], cwd=folder, env={**os.environ, **who}, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


class Runner:
    """Runs the pipeline of a repository by the shell executor, each job in a copy of its own."""

    def __init__(self, folder: Path, env: dict[str, str] | None = None) -> None:
        self.folder = folder
        self._program = program()
        # A bash whose input is a socket reads ~/.bashrc first, which may choose another python; an inner shell does not.
        self._env = {**(env or os.environ), "NO_COLOR": "1", "SHLVL": "2"}
        self._env["PATH"] = f"{BIN}{os.pathsep}{self._env.get('PATH', os.defpath)}"

    def jobs(self, situation: Situation) -> set[str]:
        """The jobs that it finds in the pipeline."""
        done = self._call(situation, "--list-json", "--no-json-schema-validation", timeout=120)
        assert done.returncode == 0, done.stderr
        return {job["name"] for job in json.loads(done.stdout) if job["when"] != "never"}

    def run(
        self, situation: Situation, *words: str, timeout: float = 900
    ) -> subprocess.CompletedProcess[str]:
        """Run the pipeline, or the jobs that are named."""
        how = ("--force-shell-executor", "--shell-isolation", "--no-artifacts-to-source", "--no-color")
        return self._call(situation, *how, *words, timeout=timeout)

    def artifact(self, job: str, name: str) -> Path:
        """A file that a job left; a colon in its name is written in base64 there."""
        return self.folder / ".gitlab-ci-local" / "artifacts" / job.replace(":", "Og") / name

    def _call(self, situation: Situation, *words: str, timeout: float) -> subprocess.CompletedProcess[str]:
        if not situation.tag:
            git(self.folder, "checkout", "-q", situation.ref)
        home = ("--home", str(self.folder.parent / "home"))
        return subprocess.run(
            [*self._program, *home, *_asked(situation), *words],
            cwd=self.folder,
            env=self._env,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )


def _asked(situation: Situation) -> list[str]:
    names = []
    unset = ["--unset-variable", "CI_COMMIT_BRANCH"]
    told = situation.variables()
    if situation.request:
        names = ["CI_PIPELINE_SOURCE", *(n for n in told if n.startswith("CI_MERGE_REQUEST"))]
    elif situation.tag:
        names = ["CI_COMMIT_TAG"]
    elif situation.source != "push":
        names, unset = ["CI_PIPELINE_SOURCE"], []
    else:
        unset = []
    given = [word for name in names for word in ("--variable", f"{name}={told[name]}")]
    return [*given, *unset, "--ignore-predefined-vars", "CI_PIPELINE_SOURCE"]
