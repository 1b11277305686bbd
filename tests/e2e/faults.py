"""Faults of the machine that no kill shows: no room, no descriptors, no right to write, no answer."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shop import Shop, processes_of
from striking import Suite

CAN_MOUNT = os.getuid() == 0 and subprocess.run(["unshare", "-m", "true"], check=False).returncode == 0
"""Mounting needs the right to it: root, or a root that a container left it to."""

SETTLED_SECONDS = 60.0


@dataclass(frozen=True)
class Ended:
    """How a command ended. ``error`` is its ``--json`` document's error, empty when there is none."""

    exit: int
    error: dict[str, str]
    said: str

    @property
    def code(self) -> str:
        """The error's code; empty when there is none."""
        return self.error.get("code", "")

    def told_well(self) -> Ended:
        """Every error names its cause and the next command, and no page of Python is shown to anybody."""
        apps = self.error.get("details", "").partition("last lines of its log:")[
            2
        ]  # may well be pages of Python
        assert "Traceback" not in self.said.replace(json.dumps(apps)[1:-1], ""), self.said
        if self.exit not in (0, 7):
            assert self.error["message"], self.said
            assert self.error["hint"], self.said
            assert self.code != "bug", self.said
        return self


def ended(exit: int, out: str, err: str) -> Ended:
    """From a ``--json`` command's outputs."""
    document: dict[str, Any] = json.loads(out.strip().splitlines()[-1]) if out.strip() else {}
    return Ended(exit, dict(document.get("error") or {}), f"exit {exit}\n{out}\n{err}")


def run(shop: Shop, *arguments: str, before: tuple[str, ...] = (), timeout: float = 150.0) -> Ended:
    """Run a command to its end; ``before`` is what starts it (``unshare``, ``prlimit``)."""
    done = subprocess.run(
        [*before, *shop.command("--json", *arguments)],
        env=shop.env,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return ended(done.returncode, done.stdout, done.stderr)


def run_to(
    shop: Shop, point: str, then: Callable[[int], object], *arguments: str, timeout: float = 150.0
) -> Ended:
    """Run a command to a step boundary, let something happen there (given its process), and let it go on to its end."""
    command = subprocess.Popen(
        shop.command("--json", "--progress", "json", "--pause-at", point, *arguments),
        env=shop.env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert command.stderr is not None
    for line in command.stderr:
        if line.startswith("{") and json.loads(line)["event"] == "paused":
            then(command.pid)
            break
    with suppress(BrokenPipeError):
        out, err = command.communicate("go\n", timeout=timeout)
    return ended(command.returncode, out, err)


def in_order(shop: Shop, seconds: float = SETTLED_SECONDS) -> None:
    """Wait until one live slot answers, nothing is abandoned, no process is an orphan or doubled."""
    Suite(shop).come_to_rest(seconds)


def eventually(check: Callable[[], object], seconds: float = SETTLED_SECONDS) -> None:
    """Wait until the check passes; its last failure is the test's."""
    until = time.monotonic() + seconds
    while True:
        try:
            check()
            return
        except (AssertionError, OSError):
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


def short(shop: Shop) -> Path:
    """The state folder under a path that is short enough for sockets."""
    return Path((shop.state / "short").read_text().strip()) / "s"


def supervisors(shop: Shop) -> list[int]:
    """The supervisor's process, or none, or more than there should be."""
    return [pid for pid, line in processes_of(shop.state) if "drivers.local.supervisor" in line]


@contextmanager
def limited(pid: int, spare: int = 0) -> Iterator[None]:
    """A process may open no file beyond what it has open, and ``spare`` more, while the block runs."""
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    have = {int(fd.name) for fd in Path(f"/proc/{pid}/fd").iterdir()}
    lowest_free = next(n for n in range(len(have) + 1) if n not in have)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (lowest_free + spare, before[1]))
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """A process that hangs (SIGSTOP) while the block runs."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


class Ballast:
    """Fills a file system to its last page."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "ballast"

    def load(self) -> None:
        """Take all the room there is."""
        with suppress(OSError), self._file.open("ab", buffering=0) as file:
            for size in (1 << 20, 4096):
                with suppress(OSError):
                    while file.write(b"\0" * size):
                        pass

    def drop(self) -> None:
        """Give it back."""
        self._file.unlink(missing_ok=True)


def cpu_seconds(pid: int) -> float:
    """What a process has used of the CPU so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


PYTHON = sys.executable
