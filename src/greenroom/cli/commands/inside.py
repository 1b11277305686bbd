"""logs, run, ledger, trust, unlock, completion, due."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from greenroom.cli.session import Session, pass_session
from greenroom.domain.errors import Exit

__all__ = ["completion", "due", "ledger", "logs", "run", "trust", "unlock"]


@click.command()
@click.argument("part", required=False)
@click.option("--slot", help="Another slot than the live one.")
@click.option("-n", "lines", default=100, show_default=True, help="Lines from the end.")
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes.")
@pass_session
def logs(session: Session, part: str | None, slot: str | None, lines: int, follow: bool) -> None:
    """Read the log of a PART: web (the default), a worker role, edge, access, postgres, s3, supervisor, due."""
    from greenroom.services.logs import read

    for line in read(session.target, session.wiring.site.logs, part, slot, lines, follow):
        click.echo(line)


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("--name", help="The job's name; the same name attaches to it while it runs.")
@click.option(
    "--interactive/--job", default=None, help="This terminal, or a job that outlives it.  [default: guess]"
)
@click.argument("argv", nargs=-1, required=True, type=click.UNPROCESSED)
@pass_session
def run(session: Session, name: str | None, interactive: bool | None, argv: tuple[str, ...]) -> None:
    """Run a command in the live release: greenroom run -- flask --app shop shell."""
    from greenroom.services.one_off import run_command, run_in_foreground

    terminal = sys.stdin.isatty() and sys.stdout.isatty() and name is None
    if terminal if interactive is None else interactive:
        raise click.exceptions.Exit(run_in_foreground(session.target, argv))
    done = run_command(session.target, argv, name or Path(argv[0]).name, click.echo)
    raise click.exceptions.Exit(done.exit)


@click.command()
@click.argument("action", type=click.Choice(["show", "verify"]), default="show")
@click.option("-n", "last", default=30, show_default=True, help="Entries from the end.")
@pass_session
def ledger(session: Session, action: str, last: int) -> None:
    """Show the history, or verify that nothing in it was changed."""
    from greenroom.cli.render import history

    book = session.target.doors.ledger
    if action == "verify":
        count = book.verify()
        return session.answer({"entries": count}, lambda: f"{count} entries, the chain holds")
    entries = book.entries(last=last)
    return session.answer(history.as_json(entries), lambda: history.as_text(entries))


@click.command()
@click.option("--out", type=click.Path(path_type=Path), help="Write the root certificate there.")
@pass_session
def trust(session: Session, out: Path | None) -> None:
    """Explain how to trust the certificate of this machine's own authority."""
    from greenroom.cli.render import trusting

    pem = trusting.certificate(session.wiring.layout.ca)
    if out is not None:
        out.write_text(pem)
    where = out or session.wiring.layout.ca
    session.answer({"certificate": pem, "file": str(where)}, lambda: trusting.explain(where))


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_session
def unlock(session: Session, yes: bool) -> None:
    """Say who holds the lock, and end them. A command that died holds none."""
    from greenroom.services.one_off import unlock as end_holder

    holder = session.target.lease.holder()
    if holder is None:
        return session.answer({"holder": None}, lambda: "nobody holds the lock")
    session.ask(f"{holder.what} ({holder.who}) holds the lock. End it?", yes)
    end_holder(session.target)
    return session.answer({"holder": holder.what}, lambda: f"{holder.what} was ended; greenroom status")


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script: eval "$(greenroom completion bash)"."""
    from click.shell_completion import get_completion_class

    from greenroom.cli.main import cli

    cls = get_completion_class(shell)
    if cls is not None:
        click.echo(cls(cli, {}, "greenroom", "_GREENROOM_COMPLETE").source())


@click.command()
@click.option("--all", "every", is_flag=True, help="In every environment; exit 1 when it failed in one.")
@pass_session
def due(session: Session, every: bool) -> None:
    """Do what is due now: leave what was warm for long enough, judge what was watched. Exit 7: there was nothing to do.

    On this machine the supervisor calls it; for a cluster, a schedule does: greenroom cluster due.
    """
    if every:
        return _due_everywhere(session)
    from greenroom.services.environments.sleeping import due_work

    done = due_work(session.target)
    session.answer({"done": done}, lambda: "")
    if not done:
        raise click.exceptions.Exit(Exit.PENDING)
    return None


def _due_everywhere(session: Session) -> None:
    from greenroom.services.environments.caring import care

    found = care(session.estate)
    session.answer(found.to_json(), lambda: "\n".join(f"not done: {told}" for told in found.failed))
    if found.failed:
        raise click.exceptions.Exit(Exit.FAILED)
