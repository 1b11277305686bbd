"""Laws of generated pipelines, over random rules and refs: they do what `greenroom env resolve` says, and are clean."""

from __future__ import annotations

import os

from hypothesis import given, settings
from hypothesis import strategies as st
from pipeline_texts import CHECKS, generated
from test_pipeline_generated import violations

from greenroom.domain.environment import Environment, Tier
from greenroom.domain.pipelines.checking import problems
from greenroom.domain.pipelines.evaluating import evaluate
from greenroom.domain.pipelines.generated import Lines
from greenroom.domain.pipelines.making import pipeline
from greenroom.domain.pipelines.situation import Situation
from greenroom.domain.project import App, Project
from greenroom.domain.refs import slug
from greenroom.domain.roles import Role, RoleKind
from greenroom.domain.rules import Resolution, Rule, resolve

MANY = bool(os.environ.get("GREENROOM_EVERY_STEP"))
REFS = (
    "master",
    "main",
    "develop",
    "anna/AFO-1_x",
    "ben/AFO-22_y_z",
    "release/1.2",
    "feature/a.b",
    "v1",
    "x",
)
PATTERNS = ("master", "main", "develop", "release/*", "*/AFO-{issue}_*", "*/*", "feature/*", "a*", "x")
KINDS = {
    "production": Tier.PRODUCTION,
    "staging": Tier.STAGING,
    "dev": Tier.DEVELOPMENT,
    "fb-{slug}": Tier.REVIEW,
    "old-{slug}": Tier.REVIEW,
}


@st.composite
def projects(draw: st.DrawFn) -> Project:
    """A project with some of these environments, in any order."""
    names = draw(st.permutations(list(KINDS)))[: draw(st.integers(1, 5))]
    rules = []
    for name in names:
        refs = draw(st.lists(st.sampled_from(PATTERNS), max_size=2, unique=True))
        if KINDS[name] is Tier.REVIEW and not refs:
            refs = ["*/AFO-{issue}_*"]
        rules.append(Rule(Environment(name, KINDS[name], "{name}.shop.test"), tuple(refs)))
    if not any(rule.refs for rule in rules):
        rules.append(Rule(Environment("one", Tier.DEVELOPMENT, "one.shop.test"), ("develop",)))
    return Project("shop", App("wsgi:app"), (Role("web", RoleKind.WEB),), tuple(rules))


def wanted(project: Project, found: Resolution) -> set[str]:
    """The deploys that the rules ask for."""
    if found.rule is None:
        return set()
    if found.rule.per_branch:
        several = len(Lines(project).reviews) > 1
        name = slug(found.rule.name) if several else "review"
        return {f"deploy:{name}", f"stop:{name}"}
    if found.rule.like.tier is not Tier.PRODUCTION:
        return {f"deploy:{found.rule.name}"}
    if any(rule.name == "staging" for rule in project.rules):
        return {"deploy:staging", "promote:production"}
    return {"deploy:production"}


def _behind_a_review(project: Project, rule: Rule) -> bool:
    """Is it one, or is there one before it? Its branches may have their pipeline as a merge request's."""
    return any(r.per_branch for r in project.rules[: project.rules.index(rule) + 1])


@settings(deadline=None, max_examples=200 if MANY else 8)
@given(project=projects())
def test_a_branch_is_deployed_where_its_rule_says(project: Project) -> None:
    made = generated(project)
    checks = CHECKS - {"migrations"}
    for ref in REFS:
        found = resolve(project.rules, ref, {})
        verdict = evaluate(made, Situation(ref))
        deploys = {name for name in verdict.jobs if ":" in name and not name.startswith("build")}
        assert (deploys, verdict.refusals) == (wanted(project, found), ()), ref
        assert checks <= set(verdict.jobs)
        both = [Situation(ref, opened=True), Situation(ref, request=True)]
        assert sum(evaluate(made, situation).created for situation in both) == 1, ref
        if found.rule is not None and not _behind_a_review(project, found.rule):
            assert {
                n for n in evaluate(made, both[0]).jobs if ":" in n and not n.startswith("build")
            } == deploys, ref
        fork = evaluate(made, Situation(ref, request=True, fork=True))
        assert set(fork.jobs) == checks


@settings(deadline=None, max_examples=200 if MANY else 6)
@given(project=projects())
def test_every_generated_pipeline_is_clean_and_of_gitlabs_shape(project: Project) -> None:
    assert violations(pipeline(project)) == []
    found = [(p.finding.check, p.finding.message) for p in problems(generated(project))]
    # A rule that earlier ones leave nothing to is the project's own mistake, and told as that.
    assert [told for told in found if told[0] != "never-runs"] == []
