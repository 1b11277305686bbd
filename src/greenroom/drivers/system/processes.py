"""The one door to other programs that end by themselves."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from greenroom.domain.errors import GreenroomError


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
) -> Completed:
    """Run a program to its end; ``timeout`` in seconds, ``keep_open`` file descriptors that it inherits.

    Without ``env`` it gets this process's own environment. Raises ProcessError ``command-missing`` when there is
    no such program (or folder) and ``command-timeout`` after ``timeout``; any exit code is an answer, not an error.
    """
    try:
        done = subprocess.run(
            list(argv),
            cwd=cwd,
            env=None if env is None else dict(env),
            input=input or b"",
            timeout=timeout,
            capture_output=True,
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
    return Completed(tuple(argv), done.returncode, done.stdout, done.stderr)
