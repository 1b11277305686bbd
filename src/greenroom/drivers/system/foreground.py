"""A command with this terminal as its own."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


def run_in_terminal(argv: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> int:
    """Run it in the foreground; Ctrl-C is its business. 127 when it cannot start, 128 + n when signal n ended it."""
    terminal = {k: v for k, v in os.environ.items() if k in {"TERM", "COLUMNS", "LINES"}}
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        code = subprocess.call(
            list(argv),
            cwd=cwd,
            env={**terminal, **env},
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
    except OSError as error:
        os.write(2, f"greenroom: cannot start {argv[0]}: {error.strerror}\n".encode())
        return 127
    finally:
        signal.signal(signal.SIGINT, before)
    return code if code >= 0 else 128 - code
