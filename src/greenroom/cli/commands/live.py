"""up, down, destroy, status, maintenance."""

from __future__ import annotations

import click

from greenroom.cli.session import Session, pass_session
from greenroom.domain.errors import Exit

wait_option = click.option(
    "--wait", default=0.0, metavar="SECONDS", help="Wait for another command to finish.  [default: 0]"
)


@click.command()
@wait_option
@pass_session
def up(session: Session, wait: float) -> None:
    """Start everything here; deploy the first release if none serves.

    Running again changes nothing that runs well; after `down` or a reboot it brings back what was live.
    """
    from greenroom.cli.render import answers
    from greenroom.services.up import up as bring_up

    found = bring_up(session.target, wait)
    url = session.wiring.site.url(session.environment)
    session.answer({**found.to_json(), "url": url}, lambda: answers.up(found, url))


@click.command()
@wait_option
@pass_session
def down(session: Session, wait: float) -> None:
    """Stop everything in order. All data stays; `up` brings back what was live.

    On this machine that is every environment, on a cluster the one that is named.
    """
    from greenroom.services.up import down as bring_down

    bring_down(session.target, wait)
    session.answer({}, lambda: "everything is stopped; greenroom up brings it back")


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@wait_option
@pass_session
def destroy(session: Session, yes: bool, wait: float) -> None:
    """Remove the environment: processes, database, bucket, secrets. Its history stays in the ledger."""
    from greenroom.cli.render.environments import receipt
    from greenroom.services.environments.removing import destroy as remove

    session.ask(f"Remove {session.environment} with all its data?", yes)
    done = remove(session.target, wait, stop=True)
    session.answer(done.to_json(), lambda: receipt(done))


@click.command()
@click.option("--check", is_flag=True, help="Exit 7 when the public gets no good answer.")
@pass_session
def status(session: Session, check: bool) -> None:
    """Show what is live, what is warm, what runs."""
    from greenroom.cli.render import answers
    from greenroom.services.look import status as look

    found = look(session.target)
    url = session.wiring.site.url(session.environment)
    session.answer({**found.to_json(), "url": url}, lambda: answers.status(found, url))
    if check and not found.good:
        raise click.exceptions.Exit(Exit.PENDING)


@click.command()
@click.argument("switch", type=click.Choice(["on", "off"]))
@wait_option
@pass_session
def maintenance(session: Session, switch: str, wait: float) -> None:
    """Show the public the maintenance page (503, static files and uploads still answer), or end it."""
    from greenroom.services.maintenance import maintenance as turn

    turn(session.target, switch == "on", wait)
    session.answer({"maintenance": switch}, lambda: f"the maintenance page is {switch}")
