"""dev: Flask's debugger and reload on real parts."""

from __future__ import annotations

import click

from greenroom.cli.session import Session, pass_session


@click.command(context_settings={"ignore_unknown_options": True})
@click.option(
    "--port", default=5000, show_default=True, type=click.IntRange(1, 65535), help="Where to listen."
)
@click.option("--compose", is_flag=True, help="Use the parts of compose.yaml instead of Greenroom's own.")
@click.argument("argv", nargs=-1, type=click.UNPROCESSED)
@pass_session
def dev(session: Session, port: int, compose: bool, argv: tuple[str, ...]) -> None:
    """Serve this folder with Flask's debugger and reload, on the data of the branch's own environment.

    PostgreSQL and the object store are Greenroom's own, no container is needed. ARGV runs instead of Flask's server.
    """
    from greenroom.drivers.local.workbench import compose_values
    from greenroom.services import developing

    bench = session.wiring.bench
    if compose:
        code = developing.develop_in_containers(bench, compose_values(), port, argv)
    else:
        code = developing.develop(session.estate, bench, port, argv)
    raise click.exceptions.Exit(code)
