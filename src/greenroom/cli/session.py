"""What all commands share: the project's wiring, how to answer, how an error ends the process."""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from greenroom.domain.errors import Exit, GreenroomError, unforeseen

if TYPE_CHECKING:
    from greenroom.cli.render.progress import Progress
    from greenroom.services.environments.estate import Estate
    from greenroom.services.target import Target
    from greenroom.wiring import Wiring
    from greenroom.wiring.keeping import Keeping


class Session:
    """One call of the command line."""

    def __init__(
        self,
        folder: Path,
        environment: str,
        as_json: bool,
        progress: str,
        crash_after: str | None = None,
        pause_at: str | None = None,
    ) -> None:
        self.folder = folder
        self.environment = environment
        self.as_json = as_json
        self._progress = progress
        self._crash_after = crash_after
        self._pause_at = pause_at

    @cached_property
    def progress(self) -> Progress:
        """The listener that draws events on stderr."""
        from greenroom.cli.render.progress import CrashAfter, PauseAt, choose

        chosen = choose(self._progress, sys.stderr)
        if self._pause_at:
            return PauseAt(chosen, self._pause_at, sys.stderr, sys.stdin)
        return CrashAfter(chosen, self._crash_after) if self._crash_after else chosen

    @cached_property
    def wiring(self) -> Wiring:
        """The project's doors and services."""
        from greenroom.wiring import Wiring

        return Wiring(self.folder, self.progress, self.environment)

    @cached_property
    def estate(self) -> Estate:
        """All environments of the project."""
        from greenroom.wiring.estate import estate

        return estate(self.wiring)

    @property
    def target(self) -> Target:
        """The environment that the command is about."""
        return self.wiring.target

    @property
    def keeping(self) -> Keeping:
        """Secrets that people gave to the environment."""
        return self.wiring.keeping

    def target_of(self, environment: str) -> Target:
        """Another environment than the one that the command is about."""
        from greenroom.wiring import Wiring

        return Wiring(self.folder, self.progress, environment).target

    def answer(self, result: Any, text: Callable[[], str]) -> None:
        """The command's answer on stdout: one JSON document, or text for people."""
        self.progress.close()
        if self.as_json:
            click.echo(json.dumps({"schema": "greenroom/1", "ok": True, "result": result}))
        elif shown := text():
            click.echo(shown)

    def close(self) -> None:
        """End a live display, whatever ended the command: an error must not be written into it."""
        if "progress" in self.__dict__:
            self.progress.close()

    def ask(self, question: str, yes: bool) -> None:
        """Ask before something that cannot be undone. Raises (exit 2) without a terminal and without ``--yes``."""
        if yes:
            return
        if not sys.stdin.isatty():
            raise GreenroomError("unasked", f"{question} There is nobody to ask.", "add --yes", Exit.USAGE)
        if not click.confirm(question, err=True):
            raise GreenroomError("declined", "nothing was done", "", Exit.FAILED)


pass_session = click.make_pass_decorator(Session)


def guarded(command: click.Command) -> int:
    """Run the command line and turn what it raises into an answer and an exit code."""
    signal.signal(signal.SIGTERM, _interrupt)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # the terminal was closed; nohup is left alone
        signal.signal(signal.SIGHUP, _interrupt)
    arguments = _json_first(sys.argv[1:])
    as_json = arguments[:1] == ["--json"]
    try:
        code = command.main(arguments, standalone_mode=False)
    except GreenroomError as error:
        return _fail(error, as_json)
    except click.UsageError as error:
        return _fail(GreenroomError("usage", error.format_message(), _usage_hint(error), Exit.USAGE), as_json)
    except (KeyboardInterrupt, click.Abort):
        return _fail(
            GreenroomError("interrupted", "interrupted", "greenroom status", Exit.INTERRUPTED), as_json
        )
    except BrokenPipeError:
        return int(Exit.FAILED)
    except Exception as error:  # noqa: BLE001 - nobody is helped by a page of Python
        return _fail(_unforeseen(error), as_json)
    return code if isinstance(code, int) else int(Exit.DONE)  # click returns the code of ctx.exit


def _unforeseen(error: Exception) -> GreenroomError:
    """The machine's refusal, or a bug with the place where it was raised."""
    told = unforeseen(error)
    if told.code == "bug":
        places = traceback.extract_tb(error.__traceback__)
        told.details = "\n".join(f"{place.filename}:{place.lineno} in {place.name}" for place in places[-5:])
    return told


def _json_first(arguments: list[str]) -> list[str]:
    """``--json`` may stand anywhere before ``--``."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    if "--json" not in arguments[:end]:
        return arguments
    return ["--json", *(a for a in arguments[:end] if a != "--json"), *arguments[end:]]


def _interrupt(number: int, frame: object) -> NoReturn:
    """SIGTERM ends a command like Ctrl-C: what it began is undone or left for due work."""
    del number, frame
    raise KeyboardInterrupt


def _usage_hint(error: click.UsageError) -> str:
    return f"{error.ctx.command_path} --help" if error.ctx else "greenroom --help"


def _fail(error: GreenroomError, as_json: bool) -> int:
    try:
        _tell(error, as_json)
    except OSError:  # nobody can read it; the exit code still says it
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
    return int(error.exit)


def _tell(error: GreenroomError, as_json: bool) -> None:
    if as_json:
        body = {"code": error.code, "message": error.message, "hint": error.hint, "details": error.details}
        click.echo(json.dumps({"schema": "greenroom/1", "ok": False, "exit": int(error.exit), "error": body}))
    else:
        from greenroom.cli.render.failure import show

        show(error)
