"""template refresh, list, remove."""

from __future__ import annotations

from pathlib import Path

import click

from greenroom.cli.session import Session, pass_session


@click.group()
def template() -> None:
    """Keep databases without personal data that new environments are cloned from."""


@template.command()
@click.argument("name")
@click.option("--from", "source", metavar="ENV", default="production", show_default=True, help="The source.")
@click.option(
    "--rules", type=click.Path(path_type=Path), help="Rules by column.  [default: template-rules.toml]"
)
@pass_session
def refresh(session: Session, name: str, source: str, rules: Path | None) -> None:
    """Make or replace template NAME from an environment, which goes on serving.

    Refused (exit 3) while a column that looks personal has no rule.
    """
    from greenroom.cli.render import templates
    from greenroom.config.template_rules import FILE, load_rules
    from greenroom.services.templates import refresh as make

    session.environment = source
    own, known = session.wiring.local.belongings, load_rules(rules or session.folder / FILE)
    done = make(session.target, own.templates, own.anonymiser, name, known)
    session.answer(done.to_json(), lambda: templates.refreshed(done))


@template.command("list")
@pass_session
def list_(session: Session) -> None:
    """List templates with their source, size, age and schema."""
    from greenroom.cli.render import templates
    from greenroom.services.templates import as_json

    found, now = session.wiring.local.belongings.templates.list(), session.target.doors.clock.now()
    session.answer([as_json(t) for t in found], lambda: templates.listed(found, now))


@template.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_session
def remove(session: Session, name: str, yes: bool) -> None:
    """Remove template NAME. Environments that were cloned from it stay."""
    from greenroom.services.templates import remove as drop

    session.ask(f"Remove template {name}?", yes)
    drop(session.target, session.wiring.local.belongings.templates, name)
    session.answer({"removed": name}, lambda: f"template {name} is gone")
