"""state backup|restore: what Greenroom itself knows, in one file."""

from __future__ import annotations

from pathlib import Path

import click

from greenroom.cli.session import Session, pass_session


@click.group()
def state() -> None:
    """What Greenroom itself knows: history, environments, secrets, the certificate authority. No data of the app."""


@state.command()
@click.argument("file", type=click.Path(path_type=Path))
@pass_session
def backup(session: Session, file: Path) -> None:
    """Write it to FILE, which only you may read: the secrets of all environments are in it."""
    from greenroom.drivers.local.archive import write_archive

    wiring = session.wiring
    count = write_archive(wiring.layout.root, file.absolute(), wiring.clock.now())
    session.answer(
        {"file": str(file), "files": count}, lambda: f"{count} files are in {file}; keep it secret"
    )


@state.command()
@click.argument("file", type=click.Path(path_type=Path))
@pass_session
def restore(session: Session, file: Path) -> None:
    """Read FILE into a project without a history, then: greenroom up. Databases and buckets are not in it."""
    from greenroom.drivers.local.archive import read_archive

    entries = read_archive(file.absolute(), session.wiring.root)
    session.answer({"entries": entries}, lambda: f"{entries} entries of history are back; greenroom up")
