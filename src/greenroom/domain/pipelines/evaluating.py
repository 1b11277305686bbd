"""What a pipeline does in a situation: which jobs there are, and the rule that decided."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from greenroom.domain.pipelines.conditional import first_rule, satisfied_policy
from greenroom.domain.pipelines.places import Place, Table
from greenroom.domain.pipelines.reading import Pipeline, items, plain_variables
from greenroom.domain.pipelines.situation import Situation, expand


@dataclass(frozen=True, slots=True)
class Decision:
    """A job that is there or not. ``when``: GitLab's word; ``because``: the rule that decided, and ``place`` its line."""

    job: str
    there: bool
    when: str
    optional: bool
    because: str
    place: Place
    stage: str = "test"

    @property
    def manual(self) -> bool:
        """Does it wait for a person?"""
        return self.there and self.when == "manual"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The whole pipeline. ``created``: is there one at all; ``refusals``: why GitLab would not take it."""

    situation: Situation
    created: bool
    because: str
    decisions: tuple[Decision, ...] = ()
    refusals: tuple[str, ...] = ()

    @property
    def jobs(self) -> tuple[str, ...]:
        """The names of its jobs."""
        return tuple(d.job for d in self.decisions if d.there) if self.created else ()

    def decision(self, job: str) -> Decision | None:
        """What was decided about a job; None when there is no pipeline."""
        return next((d for d in self.decisions if d.job == job), None)


Exists = Callable[[str], bool]


def evaluate(pipeline: Pipeline, situation: Situation, exists: Exists = lambda _: True) -> Verdict:
    """``exists``: is there a file in the project for this pattern? Raises BadExpression for a condition that GitLab refuses."""
    variables = {**pipeline.variables, **situation.variables()}
    variables = {name: expand(value, variables) for name, value in variables.items()}
    given: Mapping[str, str] = {}
    because = "the file has no workflow:rules"
    if pipeline.workflow:
        found = first_rule(pipeline.workflow, variables, situation, exists)
        because = found.because
        if found.rule is None or found.rule.get("when") == "never":
            return Verdict(situation, False, f"workflow: {because}")
        given = plain_variables(found.rule.get("variables"))
    known = {**variables, **given}
    decisions = tuple(_decide(pipeline, name, known, situation, exists) for name in pipeline.jobs)
    there = {d.job for d in decisions if d.there}
    if not there:
        return Verdict(situation, False, "no job is left in it", decisions)
    return Verdict(situation, True, because, decisions, tuple(_refusals(pipeline, there)))


def _decide(
    pipeline: Pipeline, name: str, variables: Mapping[str, str], situation: Situation, exists: Exists
) -> Decision:
    job = pipeline.jobs[name]
    own = {**variables, **plain_variables(job.get("variables"))}
    rules = job.get("rules")
    stage = str(job.get("stage", "test"))
    if isinstance(rules, list):
        found = first_rule(rules, own, situation, exists)
        rule = found.rule if found.rule is not None else Table({"when": "never"}, {})
        when = str(rule.get("when", job.get("when", "on_success")))
        place = found.place or job.place("rules")
        optional = _optional(rule.get("allow_failure", job.get("allow_failure")))
        return Decision(name, when != "never", when, optional, found.because, place, stage)
    bare = not pipeline.workflow
    there, because = satisfied_policy(job, own, situation, bare)
    when = str(job.get("when", "on_success"))
    # Without rules a job by hand lets the pipeline go on; with rules it does not.
    optional = _optional(job.get("allow_failure", when == "manual"))
    return Decision(name, there and when != "never", when, optional, because, job.own, stage)


def _optional(found: Any) -> bool:
    return isinstance(found, dict) or found is True


def needed(job: Table) -> Iterator[tuple[str, bool]]:
    """The jobs that it needs, and whether it could do without."""
    for need in items(job.get("needs")):
        if isinstance(need, str):
            yield need, False
        elif isinstance(need, dict) and "job" in need and "pipeline" not in need and "project" not in need:
            yield str(need["job"]), bool(need.get("optional"))


def _refusals(pipeline: Pipeline, there: set[str]) -> Iterator[str]:
    for name in sorted(there):
        for need, optional in needed(pipeline.jobs[name]):
            if need not in there and not optional:
                yield f"{name} needs {need}, which is not in this pipeline"
