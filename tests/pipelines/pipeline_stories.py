"""Pipelines run whole, told as promises: what the proofs on one machine and on a cluster have in common."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gitlab_ci_local import Runner, git
from pipeline_texts import KINDS, WANTED

from greenroom.config import load
from greenroom.wiring.pipelines import generated

CHECKS = """[ci]
install = ""
mypy = "python -m mypy{mypy}"
unit = "python -m pytest -q{unit}"
migrations = "python -m pytest -q{migrations}"
{more}
"""
SHORTEST = {
    "mypy": " --config-file= --follow-imports=skip wsgi.py",
    "unit": " --noconftest -c /dev/null test_small.py",
    "migrations": " --noconftest -c /dev/null test_small.py",
}
WHOLE = {"mypy": "", "unit": "", "migrations": " tests/test_migrations.py"}
BY_HAND = {"deploy:review", "stop:review", "promote:production"}


def with_checks(home: Path, more: str, checks: Mapping[str, str]) -> None:
    """Give the shop in ``home`` these checks, and the pipeline that comes of its file. ``more``: further lines of [ci]."""
    toml = home / "greenroom.toml"
    text = toml.read_text().replace('watch = "5s"', 'watch = "2s"')
    head, _, rest = text.partition("[ci]\n")
    toml.write_text(head + CHECKS.format(more=more, **checks) + "[prove]" + rest.partition("[prove]")[2])
    for name, written in generated(load(toml))[0].items():
        (home / name).write_text(written)
    # Stands for the shop's tests where only the pipeline is looked at; --checks runs those.
    (home / "test_small.py").write_text("def test_one() -> None:\n    assert True\n")
    with (home / ".gitignore").open("a") as ignore:
        ignore.write(".gitlab-ci-local/\n")


def pushed(runner: Runner, origin: Path, ref: str, text: str) -> str:
    """A new commit on a branch, in the team's repository too; its id."""
    work = runner.folder
    there = git(work, "branch", "--list", ref)
    git(work, "checkout", "-q", *(() if there else ("-b",)), ref, *(() if there else ("master",)))
    with (work / "shop" / "__init__.py").open("a") as file:
        file.write(f"# {text}\n")
    git(work, "commit", "-qam", text)
    git(work, "push", "-q", str(origin), ref)
    return git(work, "rev-parse", "HEAD")


def passed(text: str) -> set[str]:
    """The jobs that came to a good end."""
    return set(re.findall(r"^ PASS +(\S+)", text, re.MULTILINE))


def whole(runner: Runner, kind: str, manual: tuple[str, ...] = (), *words: str) -> tuple[bool, str]:
    """Run a pipeline of that kind, the jobs by hand that are named too: were they exactly the wanted ones?"""
    done = runner.run(KINDS[kind], *words, *(w for name in manual for w in ("--manual", name)))
    wanted = (WANTED[kind] - BY_HAND) | set(manual)
    told = passed(done.stdout)
    if done.returncode == 0 and told == wanted:
        return True, f"passed: {', '.join(sorted(told))}"
    return False, f"exit {done.returncode}\n{done.stdout[-4000:]}{done.stderr[-2000:]}"


def chosen(*stories: Callable[[Any], list[bool]]) -> list[Callable[[Any], list[bool]]]:
    """Those that the command line names, or all."""
    named = [story for story in stories if story.__name__ in sys.argv]
    return named or list(stories)


def promise(text: str, good: bool, seen: str) -> bool:
    """Print it, and what was seen."""
    print(f"{'kept  ' if good else 'BROKEN'}  {text}: {seen}", flush=True)
    return good
