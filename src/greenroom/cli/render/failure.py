"""The failure screen: cause first, what was seen, next command last."""

from __future__ import annotations

import click

from greenroom.domain.errors import Exit, GreenroomError

TITLES = {
    Exit.REFUSED: "refused",
    Exit.ROLLED_BACK: "rolled back",
    Exit.UNSAFE: "look now",
    Exit.LOCKED: "locked",
    Exit.INTERRUPTED: "interrupted",
}


def show(error: GreenroomError) -> None:
    """Print it on stderr."""
    title = TITLES.get(error.exit, "failed")
    click.secho(f"{title}: ", fg="yellow" if error.exit in TITLES else "red", bold=True, nl=False, err=True)
    click.echo(error.message, err=True)
    if error.details:
        click.echo("", err=True)
        for line in error.details.splitlines():
            click.echo(f"  {line}", err=True)
    if error.hint:
        click.echo("", err=True)
        click.echo(f"next: {error.hint}", err=True)
