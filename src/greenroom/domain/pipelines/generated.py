"""The pipeline that a project's rules ask for, as the data that stands in its file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from greenroom.domain.environment import TargetKind, Tier
from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.pipelines.conditions import (
    BRANCH,
    OWN_SOURCE,
    REQUEST,
    SCHEDULE,
    condition,
    meet,
    reachable,
)
from greenroom.domain.pipelines.settings import CiSettings
from greenroom.domain.project import Project
from greenroom.domain.rules import Rule, rule_of

Job = dict[str, Any]

STAGES = ("check", "build", "deploy", "promote", "sweep")
PRODUCTION_AFTER = "staging"
"""What comes before production where the project's file names nothing, if there is such an environment."""


@dataclass(frozen=True)
class Lines:
    """A project's rules in the order of a pipeline."""

    project: Project

    @property
    def settings(self) -> CiSettings:
        """What the project says of its pipeline."""
        return self.project.ci

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """The project's rules, each with the refs that really lead to it."""
        rules = self.project.rules
        return tuple(replace(rule, refs=reachable(rules, rule)) for rule in rules)

    @cached_property
    def reviews(self) -> tuple[Rule, ...]:
        """Those with an environment for each branch."""
        return tuple(r for r in self.rules if r.per_branch and r.refs)

    @cached_property
    def straight(self) -> tuple[Rule, ...]:
        """Those that a branch leads to by itself, without production."""
        return tuple(
            r for r in self.rules if r.refs and not r.per_branch and r.like.tier is not Tier.PRODUCTION
        )

    @cached_property
    def chain(self) -> tuple[Rule, ...]:
        """The way to production: a build is deployed to the first one and promoted to the others, production last.

        Raises (exit 2) when the file's ``after`` go in a circle.
        """
        rules = self.rules
        last = next((r for r in rules if r.like.tier is Tier.PRODUCTION and r.refs), None)
        found: list[Rule] = []
        while last is not None:
            if last in found:
                names = " after ".join(r.name for r in (*found, last))
                hint = "mend after in [[environments]]"
                raise GreenroomError("circle", f"{names}: a circle", hint, Exit.USAGE)
            found.append(last)
            before = last.like.gate.after or (PRODUCTION_AFTER if len(found) == 1 else None)
            last = rule_of(rules, before) if before else None
        return tuple(reversed(found))

    @cached_property
    def production_refs(self) -> tuple[str, ...]:
        """The branches whose builds go to production."""
        return self.chain[-1].refs if self.chain else ()

    @cached_property
    def steady(self) -> tuple[str, ...]:
        """The branches that always have a pipeline of their own, also while a merge request from them is open."""
        production = self.chain[-1:]
        return tuple(
            dict.fromkeys(
                ref
                for rule in (*production, *self.straight)
                for ref in rule.refs
                if not any(meet(ref, own) for review in self._reviews_before(rule) for own in review.refs)
            )
        )

    def _reviews_before(self, rule: Rule) -> list[Rule]:
        """The first rule that matches a branch has it."""
        return [review for review in self.rules[: self.rules.index(rule)] if review in self.reviews]

    @cached_property
    def targets(self) -> tuple[TargetKind, ...]:
        """Where the environments of steady branches run."""
        return tuple(dict.fromkeys(r.like.target for r in (*self.straight, *self.chain)))


def workflow(lines: Lines) -> Job:
    """Which pipelines there are: one for each commit, never a branch's and a merge request's at once.

    A branch that deploys by itself keeps its own pipeline; its merge requests show that one.
    """
    rules: list[Job] = [{"if": SCHEDULE}, {"if": "$CI_COMMIT_TAG"}]
    if lines.steady:
        source = condition("$CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", lines.steady)
        rules.append({"if": f"{REQUEST} && {OWN_SOURCE} && ({source})", "when": "never"})
    rules.append({"if": REQUEST})
    if lines.steady:
        rules.append({"if": condition(BRANCH, lines.steady)})
    open_too = f'{BRANCH} && $CI_OPEN_MERGE_REQUESTS && $CI_PIPELINE_SOURCE == "push"'
    rules += [{"if": open_too, "when": "never"}, {"if": BRANCH}]
    return {"auto_cancel": {"on_new_commit": "interruptible"}, "rules": rules}


def checks(lines: Lines) -> Iterator[tuple[str, Job]]:
    """What every commit goes through."""
    ci = lines.settings
    common: Job = {
        "stage": "check",
        "image": ci.image,
        "needs": [],
        "variables": {"PIP_CACHE_DIR": "$CI_PROJECT_DIR/.cache/pip"},
        "cache": {
            "key": {"files": [lines.project.app.requirements], "prefix": "python"},
            "paths": [".cache/pip"],
        },
        "rules": [{"if": SCHEDULE, "when": "never"}, {"when": "on_success"}],
    }
    if ci.install:
        common["before_script"] = [ci.install]
    yield ".greenroom:check", common
    if ci.mypy:
        yield "mypy", _typed(ci.mypy)
    if ci.unit:
        yield "unit", _tested(ci.unit, "unit.xml", ci.coverage)
    if ci.migrations:
        yield "migrations", _tested(ci.migrations, "migrations.xml", False)


def _typed(command: str) -> Job:
    report = "gl-code-quality-report.json"
    told = f"{command} --output json > mypy.json || failed=$?"
    script = [told, *_quality("mypy.json", report), "cat mypy.json", "exit ${failed:-0}"]
    reports = {"codequality": report}
    return {"extends": ".greenroom:check", "script": script, "artifacts": _artifacts(reports, [report])}


def _quality(source: str, report: str) -> list[str]:
    return [f"python {CONVERTER} < {source} > {report}"]


CONVERTER = ".gitlab/greenroom-code-quality.py"
"""Lies beside the pipeline, because Greenroom is not in the image that the checks run in."""


def _tested(command: str, report: str, coverage: bool) -> Job:
    words = f"{command} --junitxml={report}"
    reports: Job = {"junit": report}
    job: Job = {"extends": ".greenroom:check"}
    if coverage:
        words += " --cov --cov-report=term --cov-report=xml:coverage.xml"
        job["coverage"] = r"/TOTAL.*\s(\d+(?:\.\d+)?)%/"
        reports["coverage_report"] = {"coverage_format": "cobertura", "path": "coverage.xml"}
    return {**job, "script": [words], "artifacts": _artifacts(reports, [report])}


def _artifacts(reports: Job, paths: list[str]) -> Job:
    return {"when": "always", "expire_in": "1 week", "paths": paths, "reports": reports}


def check_names(lines: Lines) -> list[str]:
    """The checks that there are."""
    return [name for name, _ in checks(lines) if not name.startswith(".")]
