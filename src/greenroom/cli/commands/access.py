"""access: people, tokens, and what holds now."""

from __future__ import annotations

import sys

import click

from greenroom.cli.commands.live import wait_option
from greenroom.cli.session import Session, pass_session
from greenroom.domain.secret import Secret

__all__ = ["access"]


@click.group()
def access() -> None:
    """Who may see what is private: people with passwords, machines with tokens.

    A change holds from the next request on; nothing is restarted.
    """


@access.command()
@pass_session
def show(session: Session) -> None:
    """Show environments, the sign-in's address, people and tokens; no secret."""
    from greenroom.cli.render import admitted
    from greenroom.services import access as service

    found = service.show(session.wiring.local.doorkeeper)
    session.answer(found, lambda: admitted.as_text(found))


@access.group()
def user() -> None:
    """People who sign in with a password."""


@user.command("add")
@click.argument("name")
@wait_option
@pass_session
def user_add(session: Session, name: str, wait: float) -> None:
    """Give NAME a password, or another one. It is asked on the terminal, or read from stdin."""
    from greenroom.services import access as service

    password = _secret("Password")
    service.add_person(session.target, session.wiring.local.doorkeeper, name, password, wait)
    session.answer({"name": name}, lambda: f"{name} can sign in")


@user.command("remove")
@click.argument("name")
@wait_option
@pass_session
def user_remove(session: Session, name: str, wait: float) -> None:
    """Forget NAME; what they opened is shut at their next request."""
    from greenroom.services import access as service

    service.remove_person(session.target, session.wiring.local.doorkeeper, name, wait)
    session.answer({"name": name}, lambda: f"{name} can sign in no longer")


@user.command("list")
@pass_session
def user_list(session: Session) -> None:
    """List the people."""
    people = session.wiring.local.doorkeeper.people()
    session.answer({"people": list(people)}, lambda: "\n".join(people) or "nobody has a password")


@access.group()
def token() -> None:
    """Machines that pass with "Authorization: Bearer grt_...", into the environment of -e."""


@token.command("create")
@click.argument("name")
@click.option("--days", type=click.FloatRange(min=0.001), help="How long it opens.  [default: until revoked]")
@wait_option
@pass_session
def token_create(session: Session, name: str, days: float | None, wait: float) -> None:
    """Make a token. It is printed now and never again."""
    from greenroom.services import access as service

    seconds = 86_400.0 * (days or 0.0)
    made = service.create_token(session.target, session.wiring.local.doorkeeper, name, seconds, wait)
    session.answer({"name": name, "token": made.reveal()}, made.reveal)


@token.command("revoke")
@click.argument("name")
@wait_option
@pass_session
def token_revoke(session: Session, name: str, wait: float) -> None:
    """End the token NAME."""
    from greenroom.services import access as service

    service.revoke_token(session.target, session.wiring.local.doorkeeper, name, wait)
    session.answer({"name": name}, lambda: f"{name} opens nothing any more")


@token.command("list")
@pass_session
def token_list(session: Session) -> None:
    """List the tokens of all environments."""
    from greenroom.cli.render import admitted
    from greenroom.services import access as service

    tokens = service.show(session.wiring.local.doorkeeper)["tokens"]
    session.answer({"tokens": tokens}, lambda: admitted.tokens(tokens) or "there is no token")


@access.command("client-secret")
@wait_option
@pass_session
def client_secret(session: Session, wait: float) -> None:
    """Keep the identity provider's secret for this project, asked on the terminal or read from stdin."""
    from greenroom.services import access as service

    service.put_client_secret(session.target, session.wiring.local.doorkeeper, _secret("Client secret"), wait)
    session.answer({}, lambda: "kept")


def _secret(what: str) -> Secret:
    """Never from the command line: others see that."""
    if sys.stdin.isatty():
        return Secret(click.prompt(what, hide_input=True, confirmation_prompt=True, err=True))
    return Secret(sys.stdin.readline().rstrip("\r\n"))
