"""From the last log lines to the probable cause."""

from __future__ import annotations

import re
from collections.abc import Sequence

_CAUSES: tuple[tuple[str, str], ...] = (
    (r"ModuleNotFoundError: No module named '([\w.]+)'", "the package {0} is missing from the requirements"),
    (r"ImportError: (.+)", "the app cannot be imported: {0}"),
    (r"SyntaxError: (.+)", "a file has a syntax error: {0}"),
    (r"Failed to find attribute '(\w+)' in '([\w.]+)'", "there is no {0} in {1}: look at [app] wsgi"),
    (r"password authentication failed for user \"?(\w+)", "the database refuses the password of {0}"),
    (r"remaining connection slots are reserved|too many clients", "the database has no connection left"),
    (r"KeyError: '([A-Z][A-Z0-9_]+)'", "the environment variable {0} is not set: [env] in greenroom.toml"),
    (r"(?:Connection refused|could not connect to server)", "a service it needs does not answer"),
    (
        r"Can't locate revision identified by '(\w+)'",
        "the database is at revision {0}, which this release lacks",
    ),
    (
        r"canceling statement due to lock timeout",
        "a lock was not to be had in time: somebody holds the table",
    ),
    (r"deadlock detected", "a deadlock with running requests"),
    (r"No space left on device", "the disk is full"),
    (r"Permission denied: '?([^']+)'?", "no permission for {0}"),
    (r"WORKER TIMEOUT", "a worker process did not answer gunicorn in time"),
    (r"^(\w*(?:Error|Exception)): (.+)$", "{0}: {1}"),
)


def probable_cause(lines: Sequence[str]) -> str:
    """The best guess from log lines, the latest one first; an empty text when nothing is known."""
    for pattern, text in _CAUSES:
        for line in reversed(lines):
            found = re.search(pattern, line)
            if found:
                return text.format(*found.groups())
    return ""
