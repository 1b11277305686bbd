"""Start processes that outlive whoever asked for them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

Process = subprocess.Popen[bytes]
"""A child process of ours."""


def spawn(
    argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path, pass_fds: Sequence[int] = ()
) -> Process:
    """Start a process in a session of its own, with both outputs appended to ``log`` and no input.

    An O_APPEND file, never a pipe: the child must not die with its reader. Raises OSError when it cannot start.
    """
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fd = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        return subprocess.Popen(
            list(argv),
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=fd,
            stderr=fd,
            start_new_session=True,
            pass_fds=tuple(pass_fds),
        )
    finally:
        os.close(fd)


def environment() -> dict[str, str]:
    """A copy of this process's own environment."""
    return dict(os.environ)


def plain_environment() -> dict[str, str]:
    """The few variables of this process that a service may see: no secrets of the shell reach it."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "USER", "LOGNAME", "SSL_CERT_FILE")
    return {k: v for k, v in os.environ.items() if k in kept}
