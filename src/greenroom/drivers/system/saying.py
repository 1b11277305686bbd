"""A line for the log of a process that nobody watches."""

from __future__ import annotations

import os
from contextlib import suppress


def say(text: str) -> None:
    """Write a line to stderr, or not: a log without room must not end who only wants to tell something."""
    with suppress(OSError):
        os.write(2, f"greenroom: {text}\n".encode(errors="replace"))
