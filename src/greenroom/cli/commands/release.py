"""build, plan, deploy, restart, rollback, releases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from greenroom.cli.commands.live import wait_option
from greenroom.cli.session import Session, pass_session
from greenroom.domain.errors import Exit
from greenroom.domain.stage import Mode
from greenroom.services.deliver import Wish

ref_argument = click.argument("ref", required=False)
"""Without one: the environment's own branch, or what is checked out."""
dirty_option = click.option(
    "--dirty", is_flag=True, help="Take the folder as it is, uncommitted changes too."
)
window_option = click.option(
    "--window",
    type=click.Choice([Mode.HOLD.value, Mode.MAINTENANCE.value]),
    help="Allow revisions that break the old release: requests wait (hold), or see a page (maintenance).",
)
watch_option = click.option(
    "--watch/--no-watch",
    default=True,
    help="Stay and watch after the switch, or return once it is confirmed.",
)

override_option = click.option(
    "--override",
    metavar="REASON",
    help="Go on stage in quiet time all the same; the ledger keeps the reason.",
)


@click.command()
@ref_argument
@dirty_option
@pass_session
def build(session: Session, ref: str | None, dirty: bool) -> None:
    """Build the release of a commit without deploying it."""
    from greenroom.cli.render import answers
    from greenroom.services.provenance import build as make

    made = make(session.target, ref, dirty)
    session.answer(answers.release_json(made), lambda: answers.built(made))


@click.command()
@ref_argument
@dirty_option
@window_option
@click.option(
    "--out", type=click.Path(path_type=Path), help="Save the plan for: greenroom deploy --plan FILE."
)
@click.option("--check", is_flag=True, help="Exit 7 when there is something to do.")
@pass_session
def plan(
    session: Session, ref: str | None, dirty: bool, window: str | None, out: Path | None, check: bool
) -> None:
    """Show what a deploy would do. Nothing is changed but the build, which is made."""
    from greenroom.cli.render import answers
    from greenroom.services.deliver import plan_for

    found = plan_for(session.target, _wish(session, ref, dirty, window))
    if out is not None:
        answers.save_plan(found, out)
    session.answer(found.to_json(), lambda: answers.plan(found))
    if check and found:
        raise click.exceptions.Exit(Exit.PENDING)


@click.command()
@ref_argument
@dirty_option
@window_option
@watch_option
@wait_option
@click.option(
    "--plan", "saved", type=click.Path(path_type=Path), help="Apply exactly this saved plan, or refuse."
)
@click.option("--dry-run", is_flag=True, help="The same as: greenroom plan.")
@override_option
@pass_session
def deploy(session: Session, /, dry_run: bool, **asked: Any) -> None:
    """Bring a commit on stage, blue/green; leave everything as it was when that fails.

    Exit 4: failed or turned bad, the old release serves. 3: refused. 5: look now.
    """
    from greenroom.cli.render import answers
    from greenroom.services.deliver import deploy as deliver
    from greenroom.services.deliver import plan_for

    wish = _wish(session, **asked)
    if dry_run:
        found = plan_for(session.target, wish)
        return session.answer(found.to_json(), lambda: answers.plan(found))
    outcome = deliver(session.target, wish)
    return session.answer(outcome.to_json(), lambda: answers.delivered(outcome))


@click.command()
@click.argument("source")
@click.argument("target")
@click.option("--commit", help="Refuse unless SOURCE serves the build of this commit.")
@override_option
@wait_option
@pass_session
def promote(
    session: Session, source: str, target: str, commit: str | None, override: str | None, wait: float
) -> None:
    """Bring the very build that SOURCE serves on stage in TARGET: nothing is built, its digest is checked.

    Exit 3: the policy of TARGET forbids it, or the build is not what was recorded.
    """
    from greenroom.cli.render import answers
    from greenroom.services.promoting import promote as move
    from greenroom.services.provenance import build as make

    origin = session.target_of(source)
    expected = make(origin, commit, False) if commit else None
    outcome = move(origin, session.target_of(target), wait, override, expected)
    session.answer(outcome.to_json(), lambda: answers.delivered(outcome))


@click.command()
@watch_option
@wait_option
@pass_session
def restart(session: Session, watch: bool, wait: float) -> None:
    """Bring the live release on stage again in a new slot: new processes, new configuration, no request lost."""
    from greenroom.cli.render import answers
    from greenroom.services.deliver import deploy as deliver

    outcome = deliver(session.target, Wish(restart=True, watch=watch, wait=wait))
    session.answer(outcome.to_json(), lambda: answers.delivered(outcome))


@click.command()
@click.argument("release", required=False)
@wait_option
@pass_session
def rollback(session: Session, release: str | None, wait: float) -> None:
    """Go back to the slot that served before (warm: under a second), or to a named release.

    The database is never moved back; a release that may not serve on its schema is refused.
    """
    from greenroom.cli.render import answers
    from greenroom.services.deliver import roll_back

    named = session.target.doors.builder.get(release) if release else None
    outcome = roll_back(session.target, named, wait)
    session.answer(outcome.to_json(), lambda: answers.delivered(outcome))


@click.command()
@pass_session
def releases(session: Session) -> None:
    """List the builds, newest first, and which of them could serve now."""
    from greenroom.cli.render import answers
    from greenroom.services.look import releases as look

    found = look(session.target)
    session.answer([line.to_json() for line in found], lambda: answers.releases(found))


def _wish(
    session: Session,
    ref: str | None,
    dirty: bool,
    window: str | None,
    *,
    watch: bool = True,
    wait: float = 0.0,
    saved: Path | None = None,
    override: str | None = None,
) -> Wish:
    """Build (or find) the release and put the options together. A saved plan names its own release."""
    from greenroom.cli.render import answers
    from greenroom.services.provenance import build as make

    plan = answers.load_plan(saved) if saved else None
    named = plan.release if plan else None
    made = session.target.doors.builder.get(named) if named else make(session.target, ref, dirty)
    for warning in made.warnings:
        click.secho(f"warning: {warning}", fg="yellow", err=True)
    return Wish(made, Mode(window) if window else None, watch=watch, wait=wait, saved=plan, override=override)
