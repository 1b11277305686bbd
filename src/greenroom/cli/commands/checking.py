"""doctor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from greenroom.cli.commands.live import wait_option
from greenroom.cli.session import Session, pass_session
from greenroom.domain.errors import Exit

if TYPE_CHECKING:
    from greenroom.services.examining import Examined


@click.command()
@click.argument("checks", nargs=-1, metavar="[CHECK]...")
@click.option("--deep", is_flag=True, help="Launch slots without traffic for the checks that need one.")
@click.option("--fix", is_flag=True, help="Of gitlab: change there what is found, where that can be done.")
@click.option("--check", is_flag=True, help="Exit 7 when there are problems.")
@wait_option
@pass_session
def doctor(
    session: Session, checks: tuple[str, ...], deep: bool, fix: bool, check: bool, wait: float
) -> None:
    """Look for what will hurt at some deploy: each finding with its cause and its cure.

    Nothing public changes. docs/reference/checks.md explains every CHECK. `greenroom doctor cluster [CHECK]...` looks at the
    cluster itself (docs/reference/cluster-checks.md), `greenroom doctor gitlab [CHECK]...` at the project's GitLab
    (docs/reference/gitlab-checks.md); nothing needs to be live for that.
    """
    from greenroom.cli.render import findings
    from greenroom.services.doctor import doctor as examine

    beneath = _beneath(session, checks, fix)
    report = beneath or examine(session.target, checks, deep, wait)
    session.answer(report.to_json(), lambda: findings.as_text(report))
    if check and report.problems:
        raise click.exceptions.Exit(Exit.PENDING)


def _beneath(session: Session, checks: tuple[str, ...], fix: bool) -> Examined | None:
    """The checks of what environments stand on, if those are asked for. Raises (exit 2) when there is nothing to fix."""
    if fix and checks[:1] != ("gitlab",):
        raise click.UsageError("--fix is for: greenroom doctor gitlab")
    if checks[:1] == ("gitlab",):
        return _gitlab(session, checks[1:], fix)
    return _cluster(session, checks[1:]) if checks[:1] == ("cluster",) else None


def _cluster(session: Session, checks: tuple[str, ...]) -> Examined:
    """The checks of the cluster itself."""
    from greenroom.domain.findings import CLUSTER_CHECKS
    from greenroom.services.examining import examine
    from greenroom.wiring.clusters import examiner

    return examine(examiner(session.wiring), "the cluster", CLUSTER_CHECKS, checks)


def _gitlab(session: Session, checks: tuple[str, ...], fix: bool) -> Examined:
    """The checks of the project's GitLab."""
    from greenroom.domain.findings import GITLAB_CHECKS
    from greenroom.services.examining import examine
    from greenroom.wiring.gitlab import examiner

    return examine(examiner(session.wiring), "GitLab", GITLAB_CHECKS, checks, fix)
