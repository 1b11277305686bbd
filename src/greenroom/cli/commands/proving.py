"""prove."""

from __future__ import annotations

import click

from greenroom.cli.session import Session, pass_session
from greenroom.domain.errors import Exit


@click.command()
@click.option(
    "--deploys", default=5, show_default=True, type=click.IntRange(1), help="How many, one rollback besides."
)
@click.option(
    "--with", "refs", multiple=True, metavar="REF", help="Deploy these commits in turn.  [default: live]"
)
@click.option("--requests", default=0, metavar="N", help="Go on until at least so many requests were made.")
@click.option(
    "--watch", default=1.0, show_default=True, metavar="SECONDS", help="How long each deploy is watched."
)
@click.option("--rate", type=float, metavar="N", help="At most so many requests a second.")
@click.option("--yes", is_flag=True, help="Do not ask, although the host is a real one.")
@pass_session
def prove(
    session: Session,
    deploys: int,
    refs: tuple[str, ...],
    requests: int,
    watch: float,
    rate: float | None,
    yes: bool,
) -> None:
    """Deploy again and again under load and count what is lost; exit 1 when anything was."""
    from greenroom.cli.render import proofs
    from greenroom.services.proving import prove as run

    wiring = session.wiring
    host = wiring.public.host(session.environment)
    session.ask(f"Put load on {host}?", yes or host.endswith(".localhost"))
    wiring.override["watch"] = watch
    releases = [wiring.builds.build(ref) for ref in refs]
    proof = run(session.target, wiring.load(rate), releases, deploys, requests)
    session.answer(proofs.as_json(proof), lambda: proofs.as_text(proof))
    if proof.tally.lost:
        raise click.exceptions.Exit(Exit.FAILED)
