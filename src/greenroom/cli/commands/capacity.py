"""capacity."""

from __future__ import annotations

import click

from greenroom.cli.params import DURATION, SHARE
from greenroom.cli.session import Session, pass_session


@click.command()
@click.option(
    "--requests",
    "rate",
    required=True,
    type=click.FloatRange(0, min_open=True, max=1e6),
    metavar="N",
    help="Requests a second to carry.",
)
@click.option("--p99", type=DURATION, metavar="TIME", help="What 99 of 100 may wait at most, such as 300ms.")
@click.option(
    "--margin", type=SHARE, default="30%", show_default=True, metavar="PERCENT", help="To carry on top of it."
)
@click.option(
    "--run", type=int, metavar="NUMBER", help="The proof, by its number in the ledger.  [default: the newest]"
)
@pass_session
def capacity(session: Session, rate: float, p99: float | None, margin: float, run: int | None) -> None:
    """Say how many pods, processes, threads and database connections a load needs.

    By what greenroom prove measured and stored. Changes nothing; ends with the lines of greenroom.toml to change.
    """
    from greenroom.cli.render import capacity as render
    from greenroom.domain.capacity import Goal
    from greenroom.services.capacity import capacity as reckon

    wiring = session.wiring
    goal = Goal(rate, margin, None if p99 is None else 1000 * p99)
    found = reckon(wiring.target, wiring.site.replicas, goal, run)
    session.answer(found.to_json(), lambda: render.as_text(found))
