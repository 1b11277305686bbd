"""Processes that we may not be the parent of: alive or not, and ended for sure."""

from __future__ import annotations

import contextlib
import os
import select
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Pid:
    """A process for sure: its number, its start time in clock ticks since boot, and the boot it belongs to."""

    pid: int
    started: int
    boot: str


def boot_id() -> str:
    """The kernel's name for this boot."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def identify(pid: int) -> Pid | None:
    """The process with that number now; None when there is none, or only a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()
    if fields[0] in {"Z", "X"}:
        return None
    return Pid(pid, int(fields[19]), boot_id())


def alive(known: Pid | None) -> bool:
    """Is it still the same process, and not a zombie?"""
    return known is not None and identify(known.pid) == known


def end(known: Pid, signal_number: int, timeout: float) -> bool:
    """Send a signal, wait, then SIGKILL the whole process group. True when it went in time."""
    if not alive(known):
        kill_group(known.pid)
        return True
    try:
        pidfd = os.pidfd_open(known.pid)
    except ProcessLookupError:
        return True
    try:
        signal.pidfd_send_signal(pidfd, signal_number)
        gone = _wait(pidfd, timeout)
        kill_group(known.pid)
        return gone or not _wait(pidfd, 5.0)
    except ProcessLookupError:
        return True
    finally:
        os.close(pidfd)


def kill_frozen(pid: int, group: bool, look: Callable[[], str]) -> str:
    """Freeze a process (or its group), ``look``, kill it, wait until it is dead; what ``look`` returned.

    Frozen, it neither answers nor accepts, so what was seen is what it died with. Raises ProcessLookupError.
    """
    send = os.killpg if group else os.kill
    pidfd = os.pidfd_open(pid)
    try:
        send(pid, signal.SIGSTOP)
        try:
            return look()
        finally:
            send(pid, signal.SIGKILL)
            _wait(pidfd, 5.0)
            if group:
                _wait_group(pid)
    finally:
        os.close(pidfd)


def _wait_group(leader: int) -> None:
    """Until none of the group lives: a socket is closed with the last process that has it. At most a second or so."""
    for _ in range(200):
        if not any(group == leader for _, _, group in _living()):
            return
        select.select([], [], [], 0.005)


def children(pid: int) -> list[int]:
    """The living children of a process."""
    return [child for child, parent, _ in _living() if parent == pid]


def _living() -> Iterator[tuple[int, int, int]]:
    """Every process that is no zombie: its number, its parent's, its group's."""
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = file.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] not in {"Z", "X"}:
            yield int(file.parent.name), int(fields[1]), int(fields[2])


def _wait(pidfd: int, timeout: float) -> bool:
    readable, _, _ = select.select([pidfd], [], [], timeout)
    return bool(readable)


def kill_group(leader: int) -> None:
    """What a dead leader left behind: its workers share its process group. Dead when this returns, as a rule."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)
        _wait_group(leader)


def marked(variable: str, value: str) -> list[tuple[int, str]]:
    """Session leaders of ours whose environment sets ``variable`` to ``value/...``: (pid, what follows the slash).

    Finds children whose start could not be recorded because the one who started them was killed.
    """
    needle = f"{variable}={value}/".encode()
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            pid = int(folder.name)
            if os.getsid(pid) != pid:
                continue
            variables = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        found += [(pid, v[len(needle) :].decode()) for v in variables if v.startswith(needle)]
    return found
