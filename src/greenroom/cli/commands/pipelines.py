"""ci generate|explain|check: the project's pipeline on GitLab."""

from __future__ import annotations

from typing import Any

import click

from greenroom.cli.session import Session, pass_session
from greenroom.domain.errors import Exit


@click.group()
def ci() -> None:
    """The pipeline on GitLab: write it, say what it does for a ref, look for what goes wrong with it."""


@ci.command()
@click.option("--check", is_flag=True, help="Write nothing; exit 7 with a diff when something differs.")
@pass_session
def generate(session: Session, check: bool) -> None:
    """Write the pipeline that the rules in greenroom.toml ask for.

    It is a file of its own that .gitlab-ci.yml includes; that one is written only where there is none. A file that was
    changed by hand is shown, never overwritten (exit 3).
    """
    from greenroom.cli.render import pipelines as render
    from greenroom.drivers.pipelines.folder import DiskPipelineFolder
    from greenroom.services import pipelines
    from greenroom.wiring.pipelines import generated

    folder = DiskPipelineFolder(session.folder)
    done = pipelines.generate(*generated(session.wiring.project), folder, check)
    session.answer(done.to_json(), lambda: render.generated(done, check))
    if check and done.pending:
        raise click.exceptions.Exit(Exit.PENDING)


@ci.command()
@click.argument("ref")
@click.option("--merge-request", "request", is_flag=True, help="The pipeline of a merge request from REF.")
@click.option(
    "--into", default="", metavar="BRANCH", help="The merge request's target.  [default: the default branch]"
)
@click.option("--fork", is_flag=True, help="The merge request comes from a fork.")
@click.option("--open", "opened", is_flag=True, help="A push, while a merge request from REF is open.")
@click.option("--tag", is_flag=True, help="REF is a tag.")
@click.option("--schedule", is_flag=True, help="A schedule on REF.")
@click.option("--default-branch", default="master", show_default=True, help="The project's default branch.")
@click.option(
    "--changed", multiple=True, metavar="PATH", help="What the push changes.  [default: everything]"
)
@pass_session
def explain(
    session: Session, /, ref: str, schedule: bool, default_branch: str, changed: tuple[str, ...], **kind: Any
) -> None:
    """Say which jobs run for REF and which rule decided that, and why the others do not.

    Reads .gitlab-ci.yml and what it includes of this project; needs no greenroom.toml.
    """
    from greenroom.cli.render import pipelines as render
    from greenroom.services.pipelines import explain as decide
    from greenroom.wiring.pipelines import assembled, exists_in

    source = "schedule" if schedule else "push"
    told = {**kind, "source": source, "default": default_branch, "changed": changed or None}
    pipeline = assembled(session.folder)
    verdict = decide(pipeline, ref, exists_in(session.folder), **told)
    troubles = pipeline.troubles
    session.answer(render.verdict_json(verdict, troubles), lambda: render.verdict(verdict, troubles))


@ci.command()
@click.option("--default-branch", default="master", show_default=True, help="The project's default branch.")
@pass_session
def check(session: Session, default_branch: str) -> None:
    """Look for what goes wrong with pipelines: each finding with its line, its cause and its cure.

    Works on any .gitlab-ci.yml, also without greenroom.toml. Exit 7 when there are problems.
    """
    from greenroom.cli.render import pipelines as render
    from greenroom.domain.findings import Severity
    from greenroom.domain.pipelines.checking import problems
    from greenroom.wiring.pipelines import assembled

    pipeline = assembled(session.folder)
    found = problems(pipeline, default_branch)
    session.answer([p.to_json() for p in found], lambda: render.problems(found, pipeline.troubles))
    if any(p.finding.severity is Severity.PROBLEM for p in found):
        raise click.exceptions.Exit(Exit.PENDING)
