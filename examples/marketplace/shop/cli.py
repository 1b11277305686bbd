"""Commands: `flask --app shop seed`, `create-user`, `cleanup-carts`."""

from __future__ import annotations

import click
from flask import Flask
from flask.cli import with_appcontext

from shop import cron
from shop.db import session
from shop.models import Role
from shop.services import accounts
from shop.web.context import settings


@click.command("seed")
@click.option("--products", default=500, show_default=True, type=click.IntRange(10, 20_000))
@with_appcontext
def seed(products: int) -> None:
    """Fill an empty shop with a believable catalogue. Does nothing to a shop that has one."""
    from shop.seed import run

    for line in run(session(), settings(), products):
        click.echo(line)


@click.command("create-user")
@click.argument("email")
@click.option("--name", required=True)
@click.option("--role", type=click.Choice([role.value for role in Role]), default=Role.BUYER.value)
@click.option("--shop-name", default="", help="the storefront's name, for sellers")
@click.password_option()
@with_appcontext
def create_user(email: str, name: str, role: str, shop_name: str, password: str) -> None:
    """Make an account."""
    if (role == Role.SELLER.value) != bool(shop_name):
        raise click.UsageError("--shop-name belongs to --role seller")
    db = session()
    try:
        user = accounts.sign_up(db, email=email, name=name, password=password, shop_name=shop_name)
    except accounts.EmailTakenError as error:
        raise click.ClickException(f"an account {email} exists") from error
    user.role = role
    db.commit()
    click.echo(f"{role} {user.email}")


@click.command("cleanup-carts")
@with_appcontext
def cleanup_carts() -> None:
    """Delete abandoned carts."""
    click.echo(f"{cron.clean_up(session())} carts removed")


def init_app(app: Flask) -> None:
    """Give the application its commands."""
    for command in (seed, create_user, cleanup_carts):
        app.cli.add_command(command)
