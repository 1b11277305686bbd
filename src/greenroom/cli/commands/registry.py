"""registry report|prune|gc: what lies in the registry, what may go, and the bytes of what nobody needs."""

from __future__ import annotations

import click

from greenroom.cli.session import Session, pass_session
from greenroom.domain.errors import Exit


@click.group()
def registry() -> None:
    """The registry below [image] repository: what lies there and why, what may go, and how bytes are freed."""


@registry.command()
@click.option("--all", "others", is_flag=True, help="Also repositories that are not this project's.")
@pass_session
def report(session: Session, others: bool) -> None:
    """List tags with their sizes, what holds each of them, who takes how much room, and how it grows."""
    from greenroom.cli.render import registry as render
    from greenroom.services.registry.reporting import report as look
    from greenroom.wiring.registry import keeper

    found = look(keeper(session.wiring), others)
    session.answer(found.to_json(), lambda: render.reported(found))


@registry.command()
@click.option("--dry-run", is_flag=True, help="Only show what would go, and why the rest stays.")
@click.option("--most", type=click.IntRange(0), help="So many tags go now.  [default: [registry] most]")
@click.option("--broken", is_flag=True, help="Also tags whose manifest cannot be read: they are lost.")
@click.option("--check", is_flag=True, help="With --dry-run: exit 7 when something is due.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_session
def prune(session: Session, dry_run: bool, most: int | None, broken: bool, check: bool, yes: bool) -> None:
    """Remove the tags that nobody needs, at most [registry] most of them.

    If anything that uses images cannot be read, nothing is removed. What was interrupted is finished by the next run.
    """
    from greenroom.cli.render import registry as render
    from greenroom.services.registry.pruning import prune as clean
    from greenroom.wiring.registry import keeper

    if not dry_run:
        session.ask("Remove tags from the registry?", yes)
    done = clean(keeper(session.wiring), not dry_run, most, broken)
    session.answer(done.to_json(), lambda: render.pruned(done))
    if check and done.pending:
        raise click.exceptions.Exit(Exit.PENDING)


@registry.command()
@click.option("--dry-run", is_flag=True, help="Only say which manifests need a tag before.")
@click.option("--everybody", is_flag=True, help="Give tags in repositories that are not this project's too.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_session
def gc(session: Session, dry_run: bool, everybody: bool, yes: bool) -> None:
    """Free the bytes of what has no tag, with the registry stopped or read only meanwhile.

    What is needed and has no tag gets one before. Refused when it is not proven that nobody can push.
    """
    from greenroom.cli.render import registry as render
    from greenroom.services.registry.collecting import collect
    from greenroom.wiring.registry import keeper

    if not dry_run:
        session.ask("Stop the registry for that time?", yes)
    done = collect(keeper(session.wiring), not dry_run, everybody)
    session.answer(done.to_json(), lambda: render.collected(done))
