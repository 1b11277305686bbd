"""The one door to other programs that end by themselves."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from greenroom.domain.errors import GreenroomError

_TIED = (
    "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 9)\n"
    "os.getppid() == int(sys.argv[1]) or os._exit(137)\n"
    "os.execv(sys.argv[2], sys.argv[3:])"
)
"""PR_SET_PDEATHSIG with SIGKILL, then the program itself. Between fork and exec of a process with threads it would not be safe."""


@dataclass(frozen=True, slots=True)
class Completed:
    """A program that has ended: its exit code (negative: the signal that ended it) and what it wrote."""

    argv: tuple[str, ...]
    code: int
    out: bytes
    err: bytes

    @property
    def ok(self) -> bool:
        """Did it end with 0?"""
        return self.code == 0

    @property
    def text(self) -> str:
        """Its standard output without blanks at both ends."""
        return self.out.decode(errors="replace").strip()

    @property
    def complaint(self) -> str:
        """Its standard error without blanks at both ends."""
        return self.err.decode(errors="replace").strip()


class ProcessError(GreenroomError):
    """A program could not be started or took too long."""


def run(
    argv: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    input: bytes | None = None,
    timeout: float | None = None,
    keep_open: Sequence[int] = (),
    tied: bool = False,
    output: int | None = None,
) -> Completed:
    """Run a program to its end; ``timeout`` in seconds, ``keep_open`` file descriptors that it inherits; ``tied``:
    it ends at once when this process does, however that comes about (on Linux); ``output``: the file descriptor that it writes to,
    errors too, in place of the answer.

    Without ``env`` it gets this process's own environment. Raises ProcessError ``command-missing`` when there is
    no such program (or folder) and ``command-timeout`` after ``timeout``; any exit code is an answer, not an error.
    """
    try:
        done = subprocess.run(
            _tied(argv, env) if tied and sys.platform == "linux" else list(argv),
            cwd=cwd,
            env=None if env is None else dict(env),
            input=input or b"",
            timeout=timeout,
            stdout=subprocess.PIPE if output is None else output,
            stderr=subprocess.PIPE if output is None else subprocess.STDOUT,
            check=False,
            pass_fds=tuple(keep_open),
        )
    except subprocess.TimeoutExpired as error:
        raise ProcessError(
            "command-timeout", f"{argv[0]} did not end within {timeout:g} s", details=" ".join(argv)
        ) from error
    except OSError as error:
        raise ProcessError(
            "command-missing", f"{argv[0]} cannot be started: {error.strerror}", details=" ".join(argv)
        ) from error
    return Completed(tuple(argv), done.returncode, done.stdout or b"", done.stderr or b"")


def _tied(argv: Sequence[str], env: Mapping[str, str] | None) -> list[str]:
    found = shutil.which(argv[0], path=(os.environ if env is None else env).get("PATH"))
    if found is None:
        return list(argv)  # there is no such program; starting it says so
    return [sys.executable, "-I", "-S", "-c", _TIED, str(os.getpid()), found, *argv]
