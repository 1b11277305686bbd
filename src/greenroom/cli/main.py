"""The entry point: names of the commands, each loaded when it is needed."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import click

from greenroom import __version__

COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("project", "Write greenroom.toml for the app in this folder."),
    "config": ("project", "Check greenroom.toml, or print its JSON Schema."),
    "up": ("live", "Start everything here; deploy the first release if none serves."),
    "down": ("live", "Stop everything; all data stays."),
    "destroy": ("live", "Remove the environment with all its data."),
    "status": ("live", "Show what is live, what is warm, what runs."),
    "dev": ("developing", "Serve this folder with debugger and reload, on real parts."),
    "access": ("access", "Say who may see what is private; tokens, passwords."),
    "env": ("environments", "Make, list and remove environments; one for each branch."),
    "sweep": ("environments", "Remove the environments of branches that are merged or gone."),
    "secrets": ("secrets", "Keep, list, check and rotate secrets."),
    "doctor": ("checking", "Look for what will hurt at some deploy."),
    "build": ("release", "Build a release without deploying it."),
    "plan": ("release", "Show what a deploy would do, and save it."),
    "deploy": ("release", "Bring a commit on stage, blue/green."),
    "promote": ("release", "Bring the build that one environment serves on stage in another."),
    "restart": ("release", "Bring the live release on stage again, in a new slot."),
    "rollback": ("release", "Go back to the slot that served before, or to a release."),
    "releases": ("release", "List builds, and which of them could serve now."),
    "maintenance": ("live", "Show the public the maintenance page, or end it."),
    "template": ("template", "Keep databases without personal data for new environments."),
    "logs": ("inside", "Read or follow the log of a part."),
    "run": ("inside", "Run a command in the live release."),
    "prove": ("proving", "Deploy, fail, roll back and kill under load; count what is lost."),
    "capacity": ("capacity", "Say what a load needs, by the figures of a proof."),
    "ledger": ("inside", "Show or verify the history."),
    "due": ("inside", "Do what is due now; a supervisor or a schedule calls this."),
    "image": ("image", "Build, push and open the container images of a release."),
    "registry": ("registry", "Say what lies in the registry; remove what nobody needs; free the bytes."),
    "cluster": ("cluster", "Print an account and DNS records; move to another cluster."),
    "ci": ("pipelines", "Write, explain and check the pipeline on GitLab."),
    "chart": ("chart", "Write out or render the Helm chart."),
    "state": ("state", "Back up and restore what Greenroom itself knows."),
    "trust": ("inside", "Explain how to trust the certificate; print or write it."),
    "unlock": ("inside", "Say who holds the lock, and end them."),
    "completion": ("inside", "Print the completion script for your shell."),
}
"""Command -> (module below ``commands``, one line of help). Help is shown without loading anything."""


class LazyGroup(click.Group):
    """Loads a command's module when that command is called, so that ``--help`` stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = COMMANDS.get(cmd_name, ("", ""))[0]
        if not module:
            return None
        loaded = importlib.import_module(f"greenroom.cli.commands.{module}")
        command: click.Command = getattr(loaded, cmd_name.replace("-", "_"))
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS:
            ctx.fail(_unknown(args[0]))
        return super().resolve_command(ctx, args)


def _unknown(name: str) -> str:
    import difflib

    close = difflib.get_close_matches(name, COMMANDS, 1)
    return f"there is no command {name!r}" + (f"; did you mean {close[0]!r}?" if close else "")


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="greenroom")
@click.option("-C", "folder", type=click.Path(path_type=Path), default=Path(), help="The project's folder.")
@click.option("-e", "--env", "environment", default="production", show_default=True, help="The environment.")
@click.option("--json", "as_json", is_flag=True, help="Answer with one JSON document on stdout.")
@click.option(
    "--progress",
    type=click.Choice(["auto", "live", "lines", "json", "none"]),
    default="auto",
    help="How to show progress on stderr.  [default: live in a terminal, else lines]",
)
@click.option(
    "--crash-after", hidden=True, metavar="STEP[:N]", help="For proofs: kill -9 this command there."
)
@click.option(
    "--pause-at", hidden=True, metavar="STEP:N[+]", help="For proofs: wait there for a line on stdin."
)
@click.pass_context
def cli(
    ctx: click.Context,
    folder: Path,
    environment: str,
    as_json: bool,
    progress: str,
    crash_after: str | None,
    pause_at: str | None,
) -> None:
    """Take a Python web monolith from `flask run` to production and keep it there.

    Every release waits in the green room until it is ready to go on stage.
    """
    from greenroom.cli.session import Session

    ctx.obj = Session(folder, environment, as_json, progress, crash_after, pause_at)
    ctx.call_on_close(ctx.obj.close)


def main() -> None:
    """Run the command line; exits with a code from docs/reference/exit-codes.md."""
    from greenroom.cli.session import guarded

    sys.exit(guarded(cli))
