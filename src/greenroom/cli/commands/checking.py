"""doctor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from greenroom.cli.commands.live import wait_option
from greenroom.cli.session import Session, pass_session
from greenroom.domain.errors import Exit

if TYPE_CHECKING:
    from greenroom.services.cluster import ClusterReport


@click.command()
@click.argument("checks", nargs=-1, metavar="[CHECK]...")
@click.option("--deep", is_flag=True, help="Launch slots without traffic for the checks that need one.")
@click.option("--check", is_flag=True, help="Exit 7 when there are problems.")
@wait_option
@pass_session
def doctor(session: Session, checks: tuple[str, ...], deep: bool, check: bool, wait: float) -> None:
    """Look for what will hurt at some deploy: each finding with its cause and its cure.

    Nothing public changes. docs/reference/checks.md explains every CHECK. `greenroom doctor cluster [CHECK]...` looks at the
    cluster itself (docs/reference/cluster-checks.md); nothing needs to be live for that.
    """
    from greenroom.cli.render import findings
    from greenroom.services.doctor import doctor as examine

    whole = checks[:1] == ("cluster",)
    report = _cluster(session, checks[1:]) if whole else examine(session.target, checks, deep, wait)
    session.answer(report.to_json(), lambda: findings.as_text(report))
    if check and report.problems:
        raise click.exceptions.Exit(Exit.PENDING)


def _cluster(session: Session, checks: tuple[str, ...]) -> ClusterReport:
    """The checks of the cluster itself."""
    from greenroom.services.cluster import examine
    from greenroom.wiring.clusters import examiner

    return examine(examiner(session.wiring), checks)
