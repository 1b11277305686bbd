"""init, config."""

from __future__ import annotations

import json

import click

from greenroom.cli.session import Session, pass_session
from greenroom.domain.errors import Exit, GreenroomError


@click.command()
@click.option("--dry-run", is_flag=True, help="Print it, write nothing.")
@pass_session
def init(session: Session, dry_run: bool) -> None:
    """Write greenroom.toml for the app in this folder, saying what was found and what was guessed."""
    from greenroom.cli.render import detected
    from greenroom.config.detect import detect

    file = session.folder / "greenroom.toml"
    if file.exists() and not dry_run:
        raise GreenroomError(
            "exists", f"{file} is there already", "see it: greenroom config check", Exit.USAGE
        )
    found = detect(session.folder)
    if not dry_run:
        file.write_text(found.text, encoding="utf-8")
    session.answer(detected.as_json(found), lambda: detected.as_text(found, dry_run))


@click.command()
@click.argument("action", type=click.Choice(["check", "schema"]), default="check")
@pass_session
def config(session: Session, action: str) -> None:
    """Check greenroom.toml and report every mistake with its line, or print the JSON Schema for editors."""
    if action == "schema":
        from greenroom.config import json_schema

        return click.echo(json.dumps(json_schema(), indent=2))
    project = session.wiring.project
    roles = ", ".join(r.name for r in project.roles)
    return session.answer({"name": project.name}, lambda: f"{project.name}: no mistake found; roles: {roles}")
