"""Pipelines for tests, from text."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path

from greenroom.config import load
from greenroom.domain.pipelines.making import TEAMS, pipeline
from greenroom.domain.pipelines.reading import Pipeline, assemble
from greenroom.domain.pipelines.situation import Situation
from greenroom.domain.project import Project
from greenroom.drivers.pipelines.yaml_file import parsed
from greenroom.drivers.pipelines.yaml_text import dumped

ROOT = Path(__file__).resolve().parents[2]
MARKETPLACE = ROOT / "examples" / "marketplace"
FEATURE = "anna/AFO-123_cart"

KINDS = {
    "develop": Situation("develop"),
    "master": Situation("master"),
    "feature": Situation(FEATURE),
    "request": Situation(FEATURE, request=True),
    "tag": Situation("v1.4.0", tag=True),
    "schedule": Situation("master", source="schedule"),
}
"""One of each kind of ref."""

CHECKS = {"mypy", "unit", "migrations"}
WANTED = {
    "develop": CHECKS | {"build", "deploy:dev", "sweep"},
    "master": CHECKS | {"build", "deploy:staging", "promote:production", "sweep"},
    "feature": CHECKS | {"deploy:review", "stop:review"},
    "request": CHECKS | {"deploy:review", "stop:review"},
    "tag": CHECKS,
    "schedule": {"sweep"},
}
"""What the rules demand of the example shop's pipeline."""


def project(folder: Path, text: str) -> Project:
    """A project whose file says this."""
    (folder / "greenroom.toml").write_text(
        f'name = "shop"\n[app]\nwsgi = "wsgi:app"\n{textwrap.dedent(text)}', "utf-8"
    )
    return load(folder / "greenroom.toml")


def generated(found: Project) -> Pipeline:
    """Its pipeline, read again from its own text."""
    return of({TEAMS: dumped(pipeline(found))})


def of(texts: Mapping[str, str]) -> Pipeline:
    """A pipeline from files."""
    return assemble(TEAMS, lambda name: parsed(texts[name], name) if name in texts else None)


def one(text: str) -> Pipeline:
    """A pipeline of one file."""
    return of({TEAMS: textwrap.dedent(text)})
