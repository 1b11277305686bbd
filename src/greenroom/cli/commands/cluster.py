"""cluster account, due, dns, and what moves to another: what is about the cluster itself."""

from __future__ import annotations

import click

from greenroom.cli.commands.moving import compare, export, import_
from greenroom.cli.session import Session, pass_session


@click.group()
def cluster() -> None:
    """The cluster of environments with target = "kubernetes"."""


@cluster.command()
@click.option(
    "--premade", is_flag=True, help="For namespaces that you make; Greenroom may make and remove none."
)
@click.option("--no-doctor", is_flag=True, help="Without the right to look at the whole cluster.")
@pass_session
def account(session: Session, premade: bool, no_doctor: bool) -> None:
    """Print an account for Greenroom with the least rights, for: kubectl apply -f -

    Asks no cluster. Applying it needs an administrator.
    """
    from greenroom.cli.render import manifests
    from greenroom.wiring.clusters import account_objects

    found = account_objects(session.wiring, premade, not no_doctor)
    session.answer({"objects": found}, lambda: manifests.as_text(found))


@cluster.command()
@click.option("--image", required=True, help="One with greenroom and helm on its PATH.")
@click.option("--schedule", default="*/5 * * * *", show_default=True, help="As cron writes it, in UTC.")
@pass_session
def due(session: Session, image: str, schedule: str) -> None:
    """Print a CronJob that does due work as Greenroom's account, for: kubectl apply -f -

    Asks no cluster. It knows greenroom.toml as it is now: apply it again after a change.
    """
    from greenroom.cli.render import manifests
    from greenroom.wiring.clusters import due_objects

    found = due_objects(session.wiring, image, schedule)
    session.answer({"objects": found}, lambda: manifests.as_text(found))


@cluster.command()
@click.option(
    "--address", multiple=True, metavar="IP|NAME", help="Of the edge. Default: what the Gateway says."
)
@pass_session
def dns(session: Session, address: tuple[str, ...]) -> None:
    """Print the DNS records that the environments need, as lines of a zone file.

    One wildcard stands for all environments of branches. The same names belong into the edge's certificate; a wildcard
    needs the DNS-01 challenge. greenroom doctor cluster dns certificates checks both.
    """
    from greenroom.wiring.clusters import dns_records

    found = dns_records(session.wiring, address)
    session.answer({"records": [r.to_json() for r in found]}, lambda: "\n".join(map(str, found)))


for command in (export, import_, compare):
    cluster.add_command(command)
