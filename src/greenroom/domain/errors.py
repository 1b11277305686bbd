"""The one error that reaches the user, and the table of exit codes."""

from __future__ import annotations

import errno
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


_OF_THE_MACHINE = {
    errno.ENOSPC: ("disk-full", "the disk is full", "make room, then do it again; greenroom status"),
    errno.EDQUOT: ("disk-full", "the disk quota is used up", "make room, then do it again; greenroom status"),
    errno.EROFS: ("read-only", "the file system is read-only", "make it writable, then do it again"),
    errno.EACCES: (
        "no-permission",
        "permission denied",
        "give the state folder to the user who runs greenroom",
    ),
    errno.EPERM: ("no-permission", "not permitted", "give the state folder to the user who runs greenroom"),
    errno.EMFILE: ("no-descriptors", "no file descriptor is left", "raise the limit: ulimit -n"),
    errno.ENFILE: ("no-descriptors", "the machine has no file descriptor left", "see what holds them: lsof"),
}


def of_the_machine(error: OSError) -> GreenroomError:
    """What the operating system refused, told as an error with the place and the next thing to do."""
    unknown = ("machine", error.strerror or str(error), "greenroom status")
    code, message, hint = _OF_THE_MACHINE.get(error.errno or 0, unknown)
    return GreenroomError(code, f"{message}: {error.filename}" if error.filename else message, hint)


def refused(code: str, message: str, hint: str = "", details: str = "") -> GreenroomError:
    """An error for what policy forbids (exit 3)."""
    return GreenroomError(code, message, hint, Exit.REFUSED, details)
