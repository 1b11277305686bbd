"""``greenroom registry`` from the command line, on a real registry, for a project that has never been deployed."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from registries import RealRegistry, real_registry
from registry_world import World

GREENROOM = Path(sys.executable).parent / "greenroom"
TOML = """\
name = "shop"
[app]
wsgi = "wsgi:app"
[image]
repository = "{host}/team/shop"
insecure = true
[registry]
min_age = "1m"
newest = 1
collect = ["{program}", "garbage-collect", "-m", "{folder}/config.yml"]
stop = "sh {folder}/stop.sh"
start = "sh {folder}/start.sh"
storage = "{folder}/data"
"""


@dataclass
class Project:
    folder: Path
    registry: RealRegistry
    world: World

    def run(self, *words: str, exit: int = 0) -> Any:
        """The result, or the error."""
        env = {**os.environ, "XDG_STATE_HOME": str(self.folder.parent / "state"), "NO_COLOR": "1"}
        done = subprocess.run(
            [GREENROOM, "-C", str(self.folder), "--json", "registry", *words],
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == exit, (words, done.stdout, done.stderr)
        told = json.loads(done.stdout)
        return told["result"] if told["ok"] else told["error"]

    def age(self) -> None:
        """An hour passes for what was looked at."""
        file = self.folder / ".greenroom" / "registry.json"
        known = json.loads(file.read_text())
        known["since"] = {
            name: {k: at - 3600 for k, at in tags.items()} for name, tags in known["since"].items()
        }
        file.write_text(json.dumps(known))

    def git(self, *words: str) -> None:
        who = ["-c", "user.name=Test", "-c", "user.email=test@example.test"]
        subprocess.run(["git", *who, *words], cwd=self.folder, check=True, capture_output=True)

    def commit(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", name)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with real_registry("2.8") as registry:
        made = Project(tmp_path / "shop", registry, World(registry, "team/shop/app", random.Random(1)))
        made.folder.mkdir()
        told = {"host": registry.host, "program": registry.program, "folder": registry.folder}
        made.git("init", "-q", "-b", "master")
        made.commit("greenroom.toml", TOML.format(**told))
        yield made


def test_from_the_report_to_the_bytes(project: Project) -> None:
    world = project.world
    for number in range(5):
        world.image(f"develop-{number}")
    first = world.index("keep-production-0123456789ab", (world.image(), world.image()))
    project.git("branch", "develop")
    project.git("checkout", "-q", "-b", "anna/AFO-7_old")
    host = project.registry.host
    project.commit("job.yaml", f"kind: CronJob\nsuspend: true\nimage: {host}/team/shop/app:develop-1\n")
    rows = {row["tag"]: row for row in project.run("report")["repositories"][0]["rows"]}
    assert rows["develop-1"]["reason"] == "the branch anna/AFO-7_old names it"
    assert rows["keep-production-0123456789ab"]["reason"].startswith("production may still run")
    assert rows["develop-0"]["reason"].startswith("first seen less than")
    project.age()
    before = set(world.client.tags())
    due = project.run("prune", "--dry-run", "--check", exit=7)
    assert set(world.client.tags()) == before
    going = [i["tag"] for i in due["plans"][0]["items"] if i["fate"] == "delete"]
    assert going == ["develop-0", "develop-2", "develop-3"]
    assert project.run("prune", exit=2)["code"] == "unasked"
    assert project.run("prune", "--yes", "--most", "2")["removed"] == [
        f"{world.path}:develop-0",
        f"{world.path}:develop-2",
    ]
    assert project.run("prune", "--yes")["removed"] == [f"{world.path}:develop-3"]
    done = project.run("gc", "--yes")
    assert len(done["held"]) == len(first.children)
    assert done["freed"] == done["before"] - done["after"] > 0
    world.tags = {tag: world.tags[tag] for tag in world.tags if tag in world.client.tags()}
    assert sorted(world.tags) == ["develop-1", "develop-4", "keep-production-0123456789ab"]
    assert not world.missing()


def test_nothing_goes_without_the_branches(project: Project) -> None:
    for number in range(3):
        project.world.image(f"develop-{number}")
    project.git("branch", "-m", "somewhere-else")
    error = project.run("prune", "--yes", exit=1)
    assert error["code"] == "in-use-unread"
    assert "none of them is master" in error["message"]
    assert len(project.world.client.tags()) == 3
