"""secrets set|remove|list|check|rotate: values are read from standard input, and never shown."""

from __future__ import annotations

import sys

import click

from greenroom.cli.commands.live import wait_option
from greenroom.cli.session import Session, pass_session
from greenroom.domain.errors import Exit
from greenroom.domain.secret import Secret

scope_option = click.option(
    "--for",
    "whose",
    type=click.Choice(["env", "tier", "all"]),
    default="env",
    help="This environment, all of its tier, or all environments.  [default: env]",
)


@click.group()
def secrets() -> None:
    """Secrets that the app gets as environment variables. They are kept in private files, and never shown."""


@secrets.command("set")
@click.argument("name")
@scope_option
@pass_session
def set_(session: Session, name: str, whose: str) -> None:
    """Keep a secret; its value is asked for, or read from standard input. A restart brings it to the app."""
    from greenroom.config.values import variable_name
    from greenroom.services.secrets import give

    value = Secret(
        click.prompt(name, hide_input=True) if sys.stdin.isatty() else sys.stdin.read().rstrip("\n")
    )
    keeping = session.keeping
    give(session.target, keeping.given, keeping.scope(whose), variable_name(name), value)
    session.answer({"name": name}, lambda: f"{name} is kept; greenroom -e {session.environment} restart")


@secrets.command()
@click.argument("name")
@scope_option
@pass_session
def remove(session: Session, name: str, whose: str) -> None:
    """Forget a secret that was set here."""
    from greenroom.services.secrets import take_back

    take_back(session.target, session.keeping.given, session.keeping.scope(whose), name)
    session.answer({"name": name}, lambda: f"{name} is forgotten; greenroom -e {session.environment} restart")


@secrets.command("list")
@pass_session
def list_(session: Session) -> None:
    """List names, where each comes from, and a version that changes with the value."""
    from greenroom.cli.render import secrets as render
    from greenroom.services.secrets import listed

    found = listed(session.keeping.sources)
    session.answer(render.as_json(found), lambda: render.as_text(found))


@secrets.command()
@pass_session
def check(session: Session) -> None:
    """Say whether every required secret is there, and whether the live slot runs with them. Exit 7 when not."""
    from greenroom.cli.render import secrets as render
    from greenroom.services.secrets import check as look

    found = look(session.target, session.wiring.project.secrets, session.keeping.sources)
    session.answer(found.to_json(), lambda: render.checked(found))
    if not found.good:
        raise click.exceptions.Exit(Exit.PENDING)


@secrets.command()
@click.option("--finish", is_flag=True, help="Let the key go that was in use before the last rotation.")
@wait_option
@pass_session
def rotate(session: Session, finish: bool, wait: float) -> None:
    """Change the key that sessions are signed with, by two new slots: nobody is signed out, no request is lost."""
    from greenroom.services.secrets import finish as end
    from greenroom.services.secrets import rotate as turn

    keys = session.keeping.keys
    outcomes = (end(session.target, keys, wait),) if finish else turn(session.target, keys, wait)
    later = (
        "the old key is forgotten"
        if finish
        else "the old key stays accepted until: greenroom secrets rotate --finish"
    )
    session.answer(
        {"slots": [o.serving for o in outcomes]}, lambda: f"{outcomes[-1].serving} serves; {later}"
    )
