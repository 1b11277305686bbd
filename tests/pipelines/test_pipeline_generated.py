"""The pipeline that a project's rules ask for: which jobs on which ref, and by GitLab's own schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner
from pipeline_texts import FEATURE, KINDS, MARKETPLACE, ROOT, WANTED, generated, project

from greenroom.cli.main import cli
from greenroom.config import load
from greenroom.domain.errors import GreenroomError
from greenroom.domain.pipelines.evaluating import Verdict, evaluate
from greenroom.domain.pipelines.making import OURS, TEAMS, pipeline
from greenroom.domain.pipelines.situation import Situation
from greenroom.drivers.pipelines.code_quality import report

SCHEMA = ROOT / "tests" / "data" / "gitlab-ci-schema.json"
"""GitLab's own: app/assets/javascripts/editor/schema/ci.json of gitlab-org/gitlab, August 2026."""

CLUSTER = """
    [image]
    repository = "registry.example.test/company/shop"
    builder = "{builder}"
    [ci]
    tools = "registry.example.test/tools/greenroom:1.0"
    [kubernetes]
    edge.gateway = "edge/public"
    [[environments]]
    name = "production"
    refs = ["master"]
    target = "kubernetes"
    after = "staging"
    [[environments]]
    name = "staging"
    target = "kubernetes"
    [[environments]]
    name = "dev"
    refs = ["develop"]
    target = "kubernetes"
    [[environments]]
    name = "fb-{{issue}}"
    refs = ["*/AFO-{{issue}}_*"]
    target = "kubernetes"
    database = "chart"
"""


def verdict(kind: str, **more: Any) -> Verdict:
    """What the example shop's pipeline does."""
    situation = KINDS[kind]
    return evaluate(generated(load(MARKETPLACE / "greenroom.toml")), situation)


@pytest.mark.parametrize("kind", KINDS)
def test_the_shops_pipeline_has_the_jobs_that_the_rules_demand(kind: str) -> None:
    found = verdict(kind)
    assert (set(found.jobs), found.refusals) == (WANTED[kind], ())


def test_the_shops_own_pipeline_is_the_generated_one() -> None:
    done = CliRunner().invoke(cli, ["-C", str(MARKETPLACE), "--json", "ci", "generate", "--check"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["result"] == {"files": [], "changed": {}, "included": True}


def test_what_waits_for_a_person_keeps_nothing_waiting() -> None:
    decided = [d for kind in KINDS for d in verdict(kind).decisions if d.manual]
    assert {d.job for d in decided} == {"deploy:review", "stop:review", "promote:production"}
    assert all(d.optional for d in decided)


def test_no_commit_has_two_pipelines() -> None:
    found = generated(load(MARKETPLACE / "greenroom.toml"))
    for ref in (FEATURE, "develop", "master", "anything/else"):
        both = [Situation(ref, opened=True), Situation(ref, request=True)]
        assert sum(evaluate(found, situation).created for situation in both) == 1, ref


def test_develop_deploys_itself_also_while_it_has_a_merge_request() -> None:
    found = generated(load(MARKETPLACE / "greenroom.toml"))
    assert "deploy:dev" in evaluate(found, Situation("develop", opened=True)).jobs


def with_reviews(dev: list[str], review: str) -> str:
    """Production, a development environment for these branches, and a review environment for those of that pattern."""
    return f"""
        [[environments]]
        name = "production"
        refs = ["master"]
        [[environments]]
        name = "dev"
        refs = {json.dumps(dev)}
        [[environments]]
        name = "fb-{{slug}}"
        refs = ["{review}"]
    """


def test_a_review_of_all_other_branches_takes_no_deploy_from_a_rule_before_it(tmp_path: Path) -> None:
    made = generated(project(tmp_path, with_reviews(["develop", "release/*"], "*")))
    for ref in ("develop", "release/1.2"):
        assert "deploy:dev" in evaluate(made, Situation(ref, opened=True)).jobs
        assert not evaluate(made, Situation(ref, request=True)).created
    assert "deploy:review" in evaluate(made, Situation("anna/x", request=True)).jobs


def test_a_fork_deploys_nothing() -> None:
    found = generated(load(MARKETPLACE / "greenroom.toml"))
    for ref in (FEATURE, "develop", "master"):
        jobs = evaluate(found, Situation(ref, request=True, fork=True)).jobs
        assert set(jobs) == {"mypy", "unit", "migrations"}


def test_a_branch_that_an_earlier_rule_takes_has_no_review(tmp_path: Path) -> None:
    made = generated(project(tmp_path, with_reviews(["team/develop"], "team/*")))
    assert "deploy:review" not in evaluate(made, Situation("team/develop")).jobs
    assert "deploy:review" in evaluate(made, Situation("team/x")).jobs


def test_without_a_staging_production_is_deployed_by_hand(tmp_path: Path) -> None:
    made = generated(project(tmp_path, '[[environments]]\nname = "production"\nrefs = ["master"]'))
    (found,) = [d for d in evaluate(made, Situation("master")).decisions if d.job == "deploy:production"]
    assert (found.manual, found.optional) == (True, True)


def test_a_longer_way_to_production_is_gone_step_by_step(tmp_path: Path) -> None:
    text = """
        [[environments]]
        name = "production"
        refs = ["master"]
        after = "preview"
        [[environments]]
        name = "preview"
        after = "staging"
        [[environments]]
        name = "staging"
    """
    made = generated(project(tmp_path, text))
    steps = ["deploy:staging", "promote:preview", "promote:production"]
    assert [n for n in made.jobs if n in steps] == steps
    assert made.jobs["promote:production"]["needs"] == ["promote:preview"]


def test_a_circle_of_environments_is_told(tmp_path: Path) -> None:
    text = """
        [[environments]]
        name = "production"
        refs = ["master"]
        after = "staging"
        [[environments]]
        name = "staging"
        after = "production"
    """
    with pytest.raises(GreenroomError) as caught:
        pipeline(project(tmp_path, text))
    assert (caught.value.code, int(caught.value.exit)) == ("circle", 2)


@pytest.mark.parametrize("builder", ["auto", "buildah"])
def test_jobs_for_a_cluster(tmp_path: Path, builder: str) -> None:
    found = project(tmp_path, CLUSTER.format(builder=builder))
    made = generated(found)
    for kind, wanted in WANTED.items():
        assert set(evaluate(made, KINDS[kind]).jobs) == wanted - {"migrations"}
    assert ("services" in made.jobs["build"]) is (builder == "auto")
    assert made.jobs["stop:review"]["before_script"][0].startswith(
        'rm -rf "$CI_PROJECT_DIR/.project" && git clone'
    )
    assert violations(pipeline(found)) == []


def test_jobs_for_a_cluster_need_an_image(tmp_path: Path) -> None:
    text = CLUSTER.format(builder="auto").replace("tools =", "image =")
    with pytest.raises(GreenroomError) as caught:
        pipeline(project(tmp_path, text))
    assert caught.value.code == "no-tools"


def test_gitlabs_schema_takes_it() -> None:
    assert violations(pipeline(load(MARKETPLACE / "greenroom.toml"))) == []
    assert violations({"job": {"script": "x", "when": "sometimes"}}) != []


def violations(found: dict[str, Any]) -> list[str]:
    """What GitLab's schema says against a pipeline."""
    checker = jsonschema.Draft7Validator(json.loads(SCHEMA.read_text()))
    return [error.message for error in checker.iter_errors(found)]


def test_a_changed_file_is_shown_and_kept(tmp_path: Path) -> None:
    project(tmp_path, "")
    run = CliRunner()
    assert run.invoke(cli, ["-C", str(tmp_path), "ci", "generate"]).exit_code == 0
    ours = tmp_path / OURS
    mine = ours.read_text() + "mine:\n  script: [x]\n"
    ours.write_text(mine)
    checked = run.invoke(cli, ["-C", str(tmp_path), "ci", "generate", "--check"])
    assert (checked.exit_code, "-mine:" in checked.stdout) == (7, True)
    refused = run.invoke(cli, ["-C", str(tmp_path), "ci", "generate"])
    assert isinstance(refused.exception, GreenroomError)
    assert (int(refused.exception.exit), "-mine:" in refused.exception.details) == (3, True)
    assert ours.read_text() == mine


def test_what_was_left_alone_is_brought_up_to_date(tmp_path: Path) -> None:
    run = CliRunner()
    project(tmp_path, "")
    run.invoke(cli, ["-C", str(tmp_path), "ci", "generate"])
    project(tmp_path, '[ci]\nunit = "python -m unittest"')
    assert run.invoke(cli, ["-C", str(tmp_path), "ci", "generate", "--check"]).exit_code == 7
    assert run.invoke(cli, ["-C", str(tmp_path), "ci", "generate"]).exit_code == 0
    assert "python -m unittest" in (tmp_path / OURS).read_text()


def test_the_teams_own_file_is_left_alone(tmp_path: Path) -> None:
    project(tmp_path, "")
    (tmp_path / TEAMS).write_text("mine:\n  script: [x]\n")
    done = CliRunner().invoke(cli, ["-C", str(tmp_path), "ci", "generate"])
    assert (done.exit_code, OURS in done.stdout) == (0, True)
    assert (tmp_path / TEAMS).read_text() == "mine:\n  script: [x]\n"
    assert CliRunner().invoke(cli, ["-C", str(tmp_path), "ci", "generate", "--check"]).exit_code == 7


def test_mypys_findings_as_code_quality() -> None:
    line = {"file": "shop/a.py", "line": 3, "column": 1, "message": "no", "code": "misc", "severity": "error"}
    texts = [json.dumps(line), json.dumps({**line, "line": 9}), "Found 2 errors in 1 file", ""]
    first, second = report(texts)
    assert first["location"] == {"path": "shop/a.py", "lines": {"begin": 3}}
    assert (first["severity"], first["check_name"]) == ("major", "misc")
    assert first["fingerprint"] != second["fingerprint"]
    moved = report([json.dumps({**line, "line": 4}), json.dumps({**line, "line": 10})])
    assert [e["fingerprint"] for e in moved] == [first["fingerprint"], second["fingerprint"]]
