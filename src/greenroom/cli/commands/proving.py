"""prove."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from greenroom.cli.params import DURATION
from greenroom.cli.session import Session, pass_session
from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.fault import Victim

if TYPE_CHECKING:
    from greenroom.services.proving import Course, Proof

SKIPPABLE = ("rollback", "gate", "turns-bad", "left-alone")


@click.command()
@click.option(
    "--deploys", default=5, show_default=True, type=click.IntRange(0), help="Good deploys in a round."
)
@click.option(
    "--with", "refs", multiple=True, metavar="REF", help="Deploy these commits in turn.  [default: live]"
)
@click.option(
    "--bad", multiple=True, metavar="REF", help="Deploy this one too; it must be refused or returned."
)
@click.option(
    "--kill", "kills", multiple=True, type=click.Choice([str(v) for v in Victim]), help="kill -9 this part."
)
@click.option("--skip", multiple=True, type=click.Choice(SKIPPABLE), help="Leave out this phase.")
@click.option(
    "--for", "seconds", type=DURATION, metavar="TIME", help="Repeat all phases for so long: 10m, 1h."
)
@click.option("--requests", default=0, metavar="N", help="Go on until at least so many requests were made.")
@click.option(
    "--watch", default=1.0, show_default=True, metavar="SECONDS", help="How long each good deploy is watched."
)
@click.option(
    "--rate",
    default=80.0,
    show_default=True,
    metavar="N",
    help="At most so many requests a second; 0: no limit.",
)
@click.option("--report", type=click.Path(path_type=Path), help="Write a page with a timeline to this file.")
@click.option("--dry-run", is_flag=True, help="Say what would be done; only builds are made.")
@click.option("--yes", is_flag=True, help="Do not ask, although the host is a real one.")
@pass_session
def prove(
    session: Session, /, watch: float, rate: float, report: Path | None, dry_run: bool, yes: bool, **what: Any
) -> None:
    """Deploy, fail, roll back and kill under load, and count what is lost.

    Exit 1 when a request was lost that no kill accounts for, or a phase came out otherwise than promised.
    """
    from greenroom.cli.render import proofs
    from greenroom.wiring.proofs import run

    wiring = session.wiring
    wiring.override["watch"] = watch
    course = _course(session, **what)
    if dry_run:
        return session.answer({"phases": course.lines()}, lambda: "\n".join(course.lines()))
    host = wiring.site.address.host
    session.ask(f"Put load on {host} and break it on purpose?", yes or host.endswith(".localhost"))
    _check_writable(report)
    proof = run(wiring, course, rate or None)
    session.answer(proof.whole(), lambda: proofs.as_text(proof))
    return _end(proof, report)


def _course(
    session: Session,
    deploys: int,
    refs: tuple[str, ...],
    bad: tuple[str, ...],
    kills: tuple[str, ...],
    skip: tuple[str, ...],
    seconds: float | None,
    requests: int,
) -> Course:
    """Build the releases and put the options together."""
    from greenroom.services.proving import Course

    build = session.wiring.builds.build
    good, worse = (tuple(build(ref) for ref in some) for some in (refs, bad))
    victims = tuple(Victim(kill) for kill in kills)
    return Course(deploys, good, worse, victims, frozenset(skip), seconds, requests)


def _check_writable(report: Path | None) -> None:
    """Before the proof, not after an hour of it."""
    try:
        if report is not None:
            report.touch()
    except OSError as error:
        message = f"{report} cannot be written: {error.strerror}"
        raise GreenroomError("report-file", message, "choose another --report", Exit.USAGE) from error


def _end(proof: Proof, report: Path | None) -> None:
    """Write the report; exit as the proof went."""
    from greenroom.cli.render import report as page

    if report is not None:
        report.write_text(page.as_html(proof), encoding="utf-8")
    if proof.interrupted:
        raise click.exceptions.Exit(Exit.INTERRUPTED)
    if not proof.kept:
        raise click.exceptions.Exit(Exit.FAILED)
