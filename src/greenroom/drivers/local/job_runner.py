"""Runs one job: the parent of a command that outlives whoever asked for it.

For a migration it holds the advisory lock on a connection of its own, and dies with the lock: its child goes with it.
``python -m greenroom.drivers.local.job_runner SPEC``; the result is written beside the specification.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import random
import re
import signal
import sys
import time
from pathlib import Path
from typing import Any

from greenroom.drivers.system.files import read_json, write_json
from greenroom.drivers.system.saying import say

PR_SET_PDEATHSIG = 1
LOCK_KEY = 0x6772_6565_6E72_6D00
"""The advisory lock of all migrations by Greenroom in one database ("greenrm")."""

TRY_AGAIN = re.compile(r"LockNotAvailable|lock timeout|DeadlockDetected|deadlock detected")
TRIES = 10
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 5.0


def main(arguments: list[str]) -> int:
    """Take the lock, run the command, again while locks stand in its way, and write down how it ended."""
    file = Path(arguments[0])
    spec = read_json(file) or {}
    try:
        lock = _advisory_lock(spec["lock"]) if spec.get("lock") else None
    except Exception as error:  # noqa: BLE001 - whatever the driver raises is the job's last line
        return _end(file, f"no connection for the lock of migrations: {error}")
    tries, pause = (TRIES if lock else 1), FIRST_PAUSE
    code = 0
    for attempt in range(1, tries + 1):
        began = _size(spec["log"])
        code = _run(spec)
        if code == 0 or attempt == tries or not TRY_AGAIN.search(_since(spec["log"], began)):
            break
        wait = pause * random.uniform(0.7, 1.3)  # noqa: S311 - jitter
        say(f"a lock was not to be had (try {attempt} of {tries}); again in {wait:.1f} s")
        time.sleep(wait)  # noqa: TID251 - a process of its own, with no clock handed to it
        pause = min(LONGEST_PAUSE, pause * 1.6)
    try:
        write_json(file.with_name("result.json"), {"exit": code})
    except OSError as error:
        return _end(file, f"the command ended with {code}, which cannot be written down: {error}")
    if lock is not None:
        lock.close()
    return 0


def _end(file: Path, why: str) -> int:
    """The job failed before or after its command; whoever waits reads the last line."""
    say(why)
    with contextlib.suppress(OSError):
        write_json(file.with_name("result.json"), {"exit": 1})
    return 1


def _advisory_lock(dsn: str) -> Any:
    import psycopg

    connection = psycopg.connect(dsn, autocommit=True, application_name="greenroom migration")
    connection.execute("select pg_advisory_lock(%s)", [LOCK_KEY])
    return connection


def _run(spec: dict[str, Any]) -> int:
    """The exit code; 128 + the signal's number when a signal ended it, 127 when it cannot start."""
    child = os.fork()
    if child == 0:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        try:
            os.chdir(spec["cwd"])
            os.execvpe(spec["argv"][0], spec["argv"], spec["env"])  # noqa: S606 - an argument vector, no shell
        except OSError as error:
            os.write(2, f"greenroom: cannot start {spec['argv'][0]}: {error.strerror}\n".encode())
        os._exit(127)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _size(log: str) -> int:
    return Path(log).stat().st_size if Path(log).exists() else 0


def _since(log: str, at: int) -> str:
    with Path(log).open("rb") as file:
        file.seek(at)
        return file.read().decode("utf-8", "replace")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
