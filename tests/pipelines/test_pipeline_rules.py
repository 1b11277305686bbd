"""The evaluator: conditions, rules, extends, references, includes, only and except, as GitLab means them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from pipeline_texts import MARKETPLACE, of, one

from greenroom.cli.main import cli
from greenroom.domain.errors import GreenroomError
from greenroom.domain.pipelines.conditional import glob_matches
from greenroom.domain.pipelines.conditions import condition
from greenroom.domain.pipelines.evaluating import evaluate
from greenroom.domain.pipelines.expressions import BadExpression, holds, parse
from greenroom.domain.pipelines.making import TEAMS
from greenroom.domain.pipelines.situation import Situation, expand, ref_slug
from greenroom.domain.refs import RefPattern, invalid
from greenroom.drivers.pipelines.yaml_file import parsed

KNOWN = {"A": "one", "EMPTY": "", "PATTERN": "/^on/", "B": "feature/x"}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("$A", True),
        ("$EMPTY", False),
        ("$NOT_THERE", False),
        ('$A == "one"', True),
        ("$A == 'one'", True),
        ('"one" == $A', True),
        ('$A != "one"', False),
        ("$NOT_THERE == null", True),
        ("$EMPTY == null", False),
        ('$EMPTY == ""', True),
        ('$NOT_THERE == ""', False),
        ("$NOT_THERE != null", False),
        ("$A == $A", True),
        ("$A =~ /^o/", True),
        ("$A =~ /^O/", False),
        ("$A =~ /^O/i", True),
        ("$A !~ /^x/", True),
        ("$A =~ $PATTERN", True),
        ("$A =~ $NOT_THERE", False),
        ("$A !~ $NOT_THERE", True),
        (r"$B =~ /^feature\/.*/", True),
        ("$NOT_THERE =~ /^$/", True),
        ('$A && $EMPTY || "x"', True),
        ("$EMPTY && $A || $EMPTY", False),
        ("$EMPTY && ($A || $A)", False),
        ("$A || $EMPTY && $EMPTY", True),
        ('($A == "one" && $B =~ /x$/) || $EMPTY', True),
        ('${A} == "one"', True),
        ("  $A\n  &&   $B  ", True),
        ("null", False),
    ],
)
def test_conditions(text: str, wanted: bool) -> None:
    assert holds(parse(text), KNOWN) is wanted


@pytest.mark.parametrize(
    "text", ["", "$A ==", "($A", "$A $B", "A", '$A == "x', "$A = 1", "&& $A", "$A =~ /x"]
)
def test_conditions_that_gitlab_refuses(text: str) -> None:
    with pytest.raises(BadExpression):
        parse(text)


REFS = st.text("aA1/._-", min_size=1, max_size=12).filter(lambda ref: not invalid(ref))


@settings(deadline=None, max_examples=60)
@given(ref=REFS, pattern=st.sampled_from(["*/A{issue}_*", "a*", "*", "a.*", "a-{x}/1", "*_{x}", "a"]))
def test_a_rules_pattern_means_the_same_to_gitlab(ref: str, pattern: str) -> None:
    ours = RefPattern(pattern).match(ref) is not None
    assert holds(parse(condition("$REF", [pattern])), {"REF": ref}) is ours


def test_the_first_rule_that_matches_decides() -> None:
    made = one("""
        job:
          script: x
          rules:
            - if: $CI_COMMIT_BRANCH == "develop"
              when: manual
            - if: $CI_COMMIT_BRANCH == "x"
              when: never
            - if: $CI_COMMIT_TAG
              allow_failure: true
            - if: $FLAG == "on"
        flagged:
          variables: {FLAG: "on"}
          script: x
          rules:
            - if: $FLAG == "on"
              when: delayed
    """)
    develop = evaluate(made, Situation("develop")).decision("job")
    assert develop is not None
    assert (develop.there, develop.when, develop.optional) == (True, "manual", False)
    assert (develop.because, str(develop.place)) == (
        '$CI_COMMIT_BRANCH == "develop"  [CI_COMMIT_BRANCH=develop]',
        ".gitlab-ci.yml:5",
    )
    assert evaluate(made, Situation("x")).jobs == ("flagged",)
    tag = evaluate(made, Situation("v1", tag=True)).decision("job")
    assert tag is not None
    assert tag.optional
    other = evaluate(made, Situation("other")).decision("job")
    assert other is not None
    assert other.because.startswith("not $CI_COMMIT_BRANCH")


def test_without_rules_a_job_is_for_branches_and_tags_unless_the_workflow_decides() -> None:
    bare = one("job: {script: x}")
    assert evaluate(bare, Situation("a")).jobs == ("job",)
    assert not evaluate(bare, Situation("a", request=True)).created
    chosen = one("""
        workflow: {rules: [{if: $CI_PIPELINE_SOURCE == "merge_request_event"}]}
        job: {script: x}
    """)
    assert evaluate(chosen, Situation("a", request=True)).jobs == ("job",)
    assert not evaluate(chosen, Situation("a")).created


def test_workflow_gives_variables_to_rules() -> None:
    made = one("""
        variables: {BASE: "re", WORD: {value: "${BASE}d"}}
        workflow:
          rules:
            - if: $CI_COMMIT_TAG
              variables: {KIND: tag}
            - when: always
        tagged: {script: x, rules: [{if: '$KIND == "tag" && $WORD == "red"'}]}
        other: {script: x, rules: [{if: '$KIND == null'}]}
    """)
    assert evaluate(made, Situation("v1", tag=True)).jobs == ("tagged",)
    assert evaluate(made, Situation("b")).jobs == ("other",)


@pytest.mark.parametrize(
    ("policy", "branches"),
    [
        ("only: [develop]", {"develop"}),
        ("only: [/^AFO-/]", {"AFO-1"}),
        ("only: {refs: [branches], variables: ['$CI_COMMIT_BRANCH == \"AFO-1\"']}", {"AFO-1"}),
        ("except: [develop]", {"AFO-1"}),
        ("only: [tags]", set()),
        ("only: [pushes]", {"develop", "AFO-1"}),
        ("only: [schedules]", set()),
        ("only: [branches@company/shop]", {"develop", "AFO-1"}),
    ],
)
def test_only_and_except(policy: str, branches: set[str]) -> None:
    made = one(f"job:\n  script: x\n  {policy}\nalways: {{script: x, only: [branches]}}")
    there = {b for b in ("develop", "AFO-1") if "job" in evaluate(made, Situation(b)).jobs}
    assert there == branches


def test_extends_and_references_and_defaults() -> None:
    made = one("""
        default: {interruptible: true, tags: [one]}
        .a: {script: [a], variables: {X: "1", Y: "1"}, rules: [{if: $CI_COMMIT_BRANCH}]}
        .b: {extends: .a, variables: {Y: "2"}}
        job:
          extends: [.b]
          variables: {Z: "3"}
          script: [first, !reference [.a, script], last]
          rules: [!reference [.b, rules], {if: $CI_COMMIT_TAG}]
          interruptible: false
        plain: {script: x, inherit: {default: [tags]}}
    """)
    job = made.jobs["job"]
    assert job["script"] == ["first", "a", "last"]
    assert job["variables"] == {"X": "1", "Y": "2", "Z": "3"}
    assert [rule["if"] for rule in job["rules"]] == ["$CI_COMMIT_BRANCH", "$CI_COMMIT_TAG"]
    assert (job["interruptible"], job["tags"]) == (False, ["one"])
    assert "interruptible" not in made.jobs["plain"]
    assert (str(job.place("variables", "X")), str(job.place("interruptible"))) == (
        ".gitlab-ci.yml:3",
        ".gitlab-ci.yml:10",
    )


def test_includes_lie_below_the_file_that_includes_them() -> None:
    made = of(
        {
            TEAMS: "include: [{local: /ci/a.yml}, {template: X.yml}]\njob: {script: [mine]}",
            "ci/a.yml": "include: ci/b.yml\njob: {script: [theirs], stage: test}\nother: {script: y}",
            "ci/b.yml": "deep: {script: z}",
        }
    )
    assert list(made.jobs) == ["deep", "job", "other"]
    assert made.jobs["job"]["script"] == ["mine"]
    assert (str(made.jobs["job"].place("stage")), str(made.jobs["deep"].own)) == ("ci/a.yml:2", "ci/b.yml:1")
    assert [(t.text, t.unread) for t in made.troubles] == [("include:template is not read here", True)]


@pytest.mark.parametrize(
    ("text", "trouble"),
    [
        ("a: {extends: .b}\n.b: {extends: a}", "extends goes in a circle"),
        ("a: {extends: .gone}", "a extends .gone, which is not there"),
        ("a: {script: [!reference [.gone, script]]}", "!reference [.gone, script] leads nowhere"),
        (".a: {script: [!reference [.a, script]]}\nb: {extends: .a}", "leads nowhere"),
        ("include: gone.yml\na: {script: x}", "there is no gone.yml"),
    ],
)
def test_what_leads_nowhere_is_told(text: str, trouble: str) -> None:
    assert any(trouble in t.text for t in one(text).troubles)


def test_a_need_that_is_not_there_refuses_the_pipeline() -> None:
    made = one("""
        a: {script: x, rules: [{if: $CI_COMMIT_TAG}]}
        b: {script: x, needs: [a]}
        c: {script: x, needs: [{job: a, optional: true}]}
    """)
    assert evaluate(made, Situation("x")).refusals == ("b needs a, which is not in this pipeline",)


def test_changes_and_exists() -> None:
    made = one("""
        docs: {script: x, rules: [{changes: ["docs/**/*.md"]}]}
        docker: {script: x, rules: [{exists: [Dockerfile]}]}
    """)
    changed = Situation("x", changed=("docs/a/b.md",))
    assert evaluate(made, changed, lambda _: False).jobs == ("docs",)
    assert evaluate(made, Situation("x", changed=("a.py",))).jobs == ("docker",)
    assert glob_matches("**/*.py", "a.py")
    assert not glob_matches("*.py", "a/b.py")


def test_variables_and_slugs() -> None:
    assert expand("$A-${B}-$$C-$GONE", {"A": "1", "B": "2"}) == "1-2-$C-"
    assert ref_slug("anna/AFO-123_Cart!") == "anna-afo-123-cart"
    assert len(ref_slug("x" * 80)) == 63


def test_explain_says_which_rule_and_where() -> None:
    words = ["-C", str(MARKETPLACE), "ci", "explain", "develop"]
    shown = CliRunner().invoke(cli, words)
    assert shown.exit_code == 0, shown.output
    assert "deploy:dev" in shown.stdout
    assert '$CI_COMMIT_BRANCH == "develop"  [CI_COMMIT_BRANCH=develop]  (.gitlab/greenroom' in shown.stdout
    told = json.loads(CliRunner().invoke(cli, [*words[:2], "--json", *words[2:], "--schedule"]).stdout)
    assert told["result"]["jobs"] == ["sweep"]


def test_explain_says_what_is_wrong_with_the_question(tmp_path: Path) -> None:
    run = CliRunner()
    both = run.invoke(cli, ["-C", str(MARKETPLACE), "ci", "explain", "x", "--tag", "--schedule"])
    assert isinstance(both.exception, GreenroomError)
    none = run.invoke(cli, ["-C", str(tmp_path), "ci", "explain", "x"])
    assert isinstance(none.exception, GreenroomError)
    assert (none.exception.code, int(none.exception.exit)) == ("no-pipeline", 2)


@pytest.mark.parametrize(("text", "line"), [("a:\n  b: [", 2), ("- x", 1), ("a: b: c", 1)])
def test_a_file_that_is_no_yaml_is_told_with_its_line(text: str, line: int) -> None:
    with pytest.raises(GreenroomError) as caught:
        parsed(text, "x.yml")
    assert caught.value.details.startswith(f"x.yml:{line}: ")
