"""env create|list|show|extend|sleep|wake|destroy|resolve, and sweep."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import click

from greenroom.cli.commands.live import wait_option
from greenroom.cli.session import Session, pass_session
from greenroom.domain.errors import Exit, GreenroomError


@click.group()
def env() -> None:
    """Environments: production, staging, and one for each branch that a rule in greenroom.toml provides for."""


@env.command()
@click.argument("ref")
@pass_session
def resolve(session: Session, ref: str) -> None:
    """Say which environment a branch belongs to, which rule matched, and why the others did not."""
    from greenroom.cli.render import environments as render

    found = session.estate.resolve(ref)
    session.answer(render.resolution_json(found), lambda: render.resolution(found))


@env.command()
@click.argument("ref")
@click.option("--commit", help="Another commit than the branch's newest.")
@click.option(
    "--dotenv",
    type=click.Path(path_type=Path),
    help="Also write GREENROOM_URL and GREENROOM_ENVIRONMENT to it.",
)
@wait_option
@pass_session
def create(session: Session, ref: str, commit: str | None, dotenv: Path | None, wait: float) -> None:
    """Make the environment of a branch and deploy the branch there; again: bring its newest commit on stage."""
    from greenroom.cli.render import environments as render
    from greenroom.services.environments.making import create as make

    made = make(session.estate, ref, commit, wait)
    if dotenv is not None:
        dotenv.write_text(render.made_dotenv(made), "utf-8")
    session.answer(made.to_json(), lambda: render.made(made))


@env.command("list")
@pass_session
def list_(session: Session) -> None:
    """List the environments that there are."""
    from greenroom.cli.render import environments as render
    from greenroom.services.environments.listing import listing

    lines = listing(session.estate)
    session.answer([x.to_json() for x in lines], lambda: render.listed(lines, session.estate.clock.now()))


@env.command()
@click.argument("name")
@pass_session
def show(session: Session, name: str) -> None:
    """Show one environment."""
    from greenroom.cli.render import environments as render
    from greenroom.services.environments.listing import line

    estate = session.estate
    found = line(estate, estate.known(name))
    session.answer(found.to_json(), lambda: render.shown(found, estate.clock.now()))


@env.command()
@click.argument("name")
@click.argument("duration")
@wait_option
@pass_session
def extend(session: Session, name: str, duration: str, wait: float) -> None:
    """Let an environment live DURATION longer, counted from now: 3d, 12h."""
    from greenroom.cli.render import environments as render
    from greenroom.services.environments.listing import extend as longer

    found = longer(session.estate, name, _seconds(duration), wait)
    session.answer(found.to_json(), lambda: render.shown(found, session.estate.clock.now()))


@env.command("set")
@click.argument("name")
@click.argument("settings", nargs=-1, required=True, metavar="KEY=VALUE...")
@wait_option
@pass_session
def set_(session: Session, name: str, settings: tuple[str, ...], wait: float) -> None:
    """Set plain settings for one environment alone, above those of greenroom.toml; KEY= takes one back.

    Secrets do not belong here: greenroom secrets set.
    """
    from greenroom.cli.render import environments as render
    from greenroom.services.environments.listing import settings as keep

    found = keep(session.estate, name, _pairs(settings), wait)
    session.answer(
        found.to_json(),
        lambda: f"{render.shown(found, session.estate.clock.now())}\ngreenroom -e {name} restart",
    )


@env.command()
@click.argument("name")
@wait_option
@pass_session
def sleep(session: Session, name: str, wait: float) -> None:
    """Stop every process of an environment; all data stays.

    On this machine the first request wakes it; on a cluster visitors get 503 until somebody gives env wake.
    """
    from greenroom.cli.render import environments as render
    from greenroom.services.environments.listing import line
    from greenroom.services.environments.sleeping import sleep as doze

    estate = session.estate
    doze(estate.at(estate.known(name)), wait)
    found = line(estate, estate.known(name))
    answer = {"environment": name, "woken_by": found.woken_by}
    session.answer(answer, lambda: f"{name} sleeps; {render.waking(found)}")


@env.command()
@click.argument("name")
@wait_option
@pass_session
def wake(session: Session, name: str, wait: float) -> None:
    """Bring an environment that sleeps back."""
    from greenroom.services.environments.sleeping import wake as rouse

    serving = rouse(session.estate.at(session.estate.known(name)), wait)
    session.answer({"environment": name, "serving": serving}, lambda: f"{serving} serves {name}")


@env.command()
@click.argument("name")
@click.option("--branch", is_flag=True, help="NAME is a branch: remove what belongs to it, if anything does.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--resume", is_flag=True, help="Only go on with a removal that was begun.")
@wait_option
@pass_session
def destroy(session: Session, name: str, branch: bool, yes: bool, resume: bool, wait: float) -> None:
    """Remove an environment with everything in it, look for all of it again, and show the receipt."""
    from greenroom.cli.render import environments as render
    from greenroom.services.environments.removing import destroy as remove

    estate = session.estate
    record = estate.of_branch(name) if branch else estate.known(name)
    if record is None:
        return session.answer(None, lambda: f"no environment belongs to {name}")
    session.ask(f"Remove {record.name} with all its data?", yes or resume)
    receipt = remove(estate.at(record), wait, resume)
    return session.answer(receipt.to_json(), lambda: render.receipt(receipt))


@click.command()
@click.option("--apply/--dry-run", default=None, help="Remove, or only show.  [default: show the first time]")
@click.option("--most", type=click.IntRange(1), help="Remove at most so many.  [default: 10]")
@click.option("--check", is_flag=True, help="Exit 7 when something is due and stays.")
@click.option("--orphans", is_flag=True, help="Also remove what is found of environments without a record.")
@click.option("--yes", is_flag=True, help="Do not ask before --orphans removes.")
@wait_option
@pass_session
def sweep(
    session: Session, apply: bool | None, most: int | None, check: bool, orphans: bool, yes: bool, wait: float
) -> None:
    """Remove the environments of branches that are merged, gone or out of time, and say why the others stay.

    If the branches cannot be read whole, nothing is removed.
    """
    from greenroom.cli.render import environments as render
    from greenroom.services.environments.sweeping import sweep as clean

    done = clean(session.estate, apply, wait, most, _asking(session, yes) if orphans else None)
    session.answer(done.to_json(), lambda: render.swept(done))
    if done.failed or done.unread:
        raise click.exceptions.Exit(Exit.FAILED)
    if check and done.pending:
        raise click.exceptions.Exit(Exit.PENDING)


def _asking(session: Session, yes: bool) -> Callable[[Sequence[str]], None]:
    """What asks before environments without a record are removed."""
    return lambda names: session.ask(
        f"Remove {', '.join(names)}, of which there is no record, with all data?", yes
    )


def _pairs(texts: tuple[str, ...]) -> dict[str, str | None]:
    from greenroom.config.values import setting

    try:
        return dict(map(setting, texts))
    except ValueError as error:
        raise GreenroomError("usage", str(error), "greenroom env set NAME KEY=VALUE", Exit.USAGE) from error


def _seconds(text: str) -> float:
    from greenroom.config.values import long_duration

    try:
        return long_duration(text)
    except ValueError as error:
        raise GreenroomError(
            "usage", f"{text} {error}", "greenroom env extend NAME 3d", Exit.USAGE
        ) from error
