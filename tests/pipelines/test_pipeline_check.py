"""`ci check`: each thing that goes wrong with pipelines is named with its line, and nothing is said of a good one."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from pipeline_texts import MARKETPLACE, ROOT, generated, one, project

from greenroom.cli.main import cli
from greenroom.config import load
from greenroom.domain.pipelines.checking import problems
from greenroom.domain.pipelines.samples import example

PRESENT = ROOT / "tests" / "data" / "present.gitlab-ci.yml"


def told(text: str) -> list[tuple[str, int]]:
    """What is found, with the lines."""
    return [(p.finding.check, p.place.line) for p in problems(one(text))]


def only(text: str, check: str) -> list[int]:
    """The lines of one kind of finding."""
    return [line for name, line in told(text) if name == check]


def test_the_generated_pipeline_is_clean() -> None:
    assert problems(generated(load(MARKETPLACE / "greenroom.toml"))) == ()
    done = CliRunner().invoke(cli, ["-C", str(MARKETPLACE), "ci", "check"])
    assert (done.exit_code, done.stdout.strip()) == (0, "nothing is wrong with the pipeline")


def test_on_the_teams_present_pipeline_each_problem_is_named(tmp_path: Path) -> None:
    (tmp_path / ".gitlab-ci.yml").write_text(PRESENT.read_text())
    done = CliRunner().invoke(cli, ["-C", str(tmp_path), "--json", "ci", "check"])
    assert done.exit_code == 7
    found = {(p["check"], p["line"]) for p in json.loads(done.stdout)["result"]}
    assert found == {
        ("secret-in-file", 9),
        ("interruptible-deploy", 12),
        ("unpinned-image", 16),
        ("double-pipelines", 21),
        ("never-runs", 34),
        ("kaniko", 41),
        ("tag-per-build", 54),
        ("no-resource-group", 60),
        ("no-sweep", 60),
        ("not-stopped-on-merge", 60),
        ("blocking-manual", 64),
        ("latest-deployed", 66),
        ("environment-collision", 68),
        ("no-on-stop", 68),
        ("no-resource-group", 71),
        ("pipeline-refused", 74),
        ("latest-deployed", 77),
        ("no-resource-group", 80),
        ("latest-deployed", 86),
    }
    assert "q7Zr" not in done.stdout


DEPLOY = """
    workflow: {rules: [{if: $CI_PIPELINE_SOURCE == "schedule"}, {if: $CI_PIPELINE_SOURCE == "merge_request_event"}]}
    deploy:
      script: [./deploy]
      interruptible: false
      resource_group: review/$CI_COMMIT_REF_SLUG
      rules: [{if: $CI_PIPELINE_SOURCE == "merge_request_event", when: manual, allow_failure: true}]
      environment: {name: review/$CI_COMMIT_REF_SLUG, on_stop: stop}
    stop:
      script: [./stop]
      variables: {GIT_STRATEGY: none}
      resource_group: review/$CI_COMMIT_REF_SLUG
      rules: [{if: $CI_PIPELINE_SOURCE == "merge_request_event", when: manual, allow_failure: true}]
      environment: {name: review/$CI_COMMIT_REF_SLUG, action: stop}
    sweep:
      script: [greenroom sweep --apply]
      rules: [{if: $CI_PIPELINE_SOURCE == "schedule"}]
"""


def test_a_review_environment_that_ends_is_clean() -> None:
    assert told(DEPLOY) == []


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("GIT_STRATEGY: none", "GIT_DEPTH: 1", [("stop-checkout", 11)]),
        ("on_stop: stop", "on_stop: gone", [("no-on-stop", 8)]),
        ("on_stop: stop", "deployment_tier: development", [("no-on-stop", 8)]),
        (
            "action: stop",
            "action: start",
            [("no-on-stop", 8), ("environment-collision", 14), ("no-on-stop", 14)],
        ),
        ("SLUG, action", "SHA, action", [("stop-environment", 14)]),
        ("greenroom sweep --apply", "echo", [("no-sweep", 3)]),
        ("interruptible: false", "interruptible: true", [("interruptible-deploy", 5)]),
    ],
)
def test_one_thing_wrong_with_a_review_environment(old: str, new: str, found: list[tuple[str, int]]) -> None:
    assert old in DEPLOY
    assert told(DEPLOY.replace(old, new, 1)) == found


def test_a_stop_job_with_other_rules_and_another_group() -> None:
    head, rest = DEPLOY.split("    stop:\n")
    other = rest.replace('"merge_request_event"', '"push"', 1)
    assert told(f"{head}    stop:\n{other}") == [("never-runs", 13), ("stop-rules", 13)]
    other = rest.replace("resource_group: review", "resource_group: stop", 1)
    assert told(f"{head}    stop:\n{other}") == [("stop-resource-group", 12)]
    other = rest.replace(", when: manual, allow_failure: true", "", 1)
    assert told(f"{head}    stop:\n{other}") == [("stop-at-once", 13)]


def test_two_branches_never_share_an_environment() -> None:
    shared = DEPLOY.replace("review/$CI_COMMIT_REF_SLUG", "review/all")
    assert [name for name, _ in told(shared)] == ["environment-collision"]
    each = DEPLOY.replace("{name: review/$CI_COMMIT_REF_SLUG", "{name: review/$CI_COMMIT_SHORT_SHA")
    assert [name for name, _ in told(each)] == ["environment-per-commit"]


@pytest.mark.parametrize(
    ("rules", "lines"),
    [
        ("[{if: $CI_COMMIT_BRANCH == null && $CI_COMMIT_BRANCH}]", [4]),
        ("[{if: '$CI_COMMIT_TAG =~ /^v[0-9]+$/ && $CI_COMMIT_BRANCH'}]", [4]),
        ("[{if: $DEPLOY_NOW}]", []),
        ("[{if: '$CI_COMMIT_BRANCH =~ /^release.[0-9]{4}-(a|b)$/'}]", []),
        ("[{if: '$CI_COMMIT_BRANCH =~ /^release-(?=x)./'}]", []),
        ("[{if: $CI_PIPELINE_SOURCE == 'schedule'}]", []),
        ("[{when: never}]", [4]),
        ("[]", [4]),
    ],
)
def test_a_job_that_can_never_run(rules: str, lines: list[int]) -> None:
    text = f"always: {{script: x}}\njob:\n  script: x\n  rules: {rules}\n"
    assert only(text, "never-runs") == lines


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("variables: {API_KEY: abcdefgh}", True),
        ("variables: {API_KEY: $OTHER}", False),
        ("variables: {POSTGRES_PASSWORD: postgres}", False),
        ("variables: {URL: 'postgresql://shop:hunter22@db/shop'}", True),
        ("before_script: [curl --header 'PRIVATE-TOKEN: glpat-abcdefghijklmnopqrst' x]", True),
        ("before_script: [docker login -u $CI_REGISTRY_USER -p $CI_REGISTRY_PASSWORD x]", False),
        ("before_script: [docker login -u me -p hunter22secret x]", True),
        ("before_script: [mkdir -p build/output]", False),
    ],
)
def test_secrets(line: str, found: bool) -> None:
    assert bool(only(f"job:\n  script: [x]\n  {line}\n", "secret-in-file")) is found


@pytest.mark.parametrize(
    ("image", "found"),
    [
        ("python", True),
        ("python:latest", True),
        ("registry.test:5000/python", True),
        ("python:3.13", False),
        ("$CI_REGISTRY_IMAGE/x", False),
        ("python@sha256:" + "0" * 64, False),
        ("docker:dind", True),
    ],
)
def test_images_that_move(image: str, found: bool) -> None:
    assert bool(only(f"job:\n  image: {image}\n  script: [x]\n", "unpinned-image")) is found


def test_reserved_names_and_conditions_that_cannot_be_read() -> None:
    assert only("image:\n  script: [x]\njob: {script: [x]}\n", "reserved-name") == [1]
    bad = "job:\n  script: [x]\n  rules:\n    - if: $CI_COMMIT_BRANCH = 'x'\n"
    assert told(bad) == [("bad-condition", 4)]
    assert only("job: {extends: .gone, script: [x]}\n", "unreadable") == [1]


def test_the_switch_ends_doubled_pipelines() -> None:
    rules = "[{if: $CI_PIPELINE_SOURCE == 'merge_request_event'}, {if: $CI_COMMIT_BRANCH}]"
    doubled = f"job: {{script: x, rules: {rules}}}"
    assert only(doubled, "double-pipelines") == [1]
    switch = "{if: $CI_COMMIT_BRANCH && $CI_OPEN_MERGE_REQUESTS, when: never}"
    assert (
        only(f"workflow: {{rules: {rules.replace(', {', f', {switch}, {{')}}}\n{doubled}", "double-pipelines")
        == []
    )


def test_examples_of_patterns() -> None:
    assert example("/^[a-z]+\\/AFO-[0-9]+_.*$/", "one", "1") == "one/AFO-1_one"
    assert example("/^(release|hotfix)-\\d+$/", "x", "2") == "release-2"
    assert example("/(?=x)y/", "x", "2") == ""


def test_every_check_is_in_the_guide(tmp_path: Path) -> None:
    source = "".join(p.read_text() for p in (ROOT / "src/greenroom/domain/pipelines").glob("*_problems.py"))
    names = set(re.findall(r'(?:problem|warning)\(\s*"([a-z-]+)"', source))
    guide = (ROOT / "docs/guides/pipeline.md").read_text()
    assert len(names) > 20
    assert {name for name in names if f"`{name}`" not in guide} == set()


def test_a_cluster_shop_is_clean(tmp_path: Path) -> None:
    text = """
        [ci]
        tools = "registry.example.test/tools/greenroom:1.0"
        [kubernetes]
        edge.gateway = "edge/public"
        [[environments]]
        name = "production"
        refs = ["master"]
        target = "kubernetes"
        [[environments]]
        name = "fb-{issue}"
        refs = ["*/AFO-{issue}_*"]
        target = "kubernetes"
    """
    assert problems(generated(project(tmp_path, text))) == ()
