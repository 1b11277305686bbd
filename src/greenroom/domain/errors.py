"""The one error that reaches the user, and the table of exit codes."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Process exit codes (docs/reference/exit-codes.md)."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    REFUSED = 3
    ROLLED_BACK = 4
    UNSAFE = 5
    LOCKED = 6
    PENDING = 7
    INTERRUPTED = 130


class GreenroomError(Exception):
    """Something the user must know: the cause first, the next command last.

    ``code`` is a stable machine-readable word, ``hint`` the next thing to do, ``details`` free text
    shown below the message (the answer of a probe, log lines).
    """

    def __init__(
        self, code: str, message: str, hint: str = "", exit: Exit = Exit.FAILED, details: str = ""
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.exit = exit
        self.details = details


def refused(code: str, message: str, hint: str = "") -> GreenroomError:
    """An error for what policy forbids (exit 3)."""
    return GreenroomError(code, message, hint, Exit.REFUSED)
