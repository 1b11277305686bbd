"""The lease: a lock of the kernel's, so the death of its holder frees it."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.drivers.system.machine import Machine, Taken
from greenroom.ports import Holder


class FileLock:
    """A lock on a file that says who holds it. Not inherited by children."""

    def __init__(self, path: Path, machine: Machine) -> None:
        self._path = path
        self._machine = machine
        self._taken: Taken | None = None

    def try_take(self, what: str, since: float = 0.0) -> bool:
        """Take it if it is free. ``since`` in seconds since the epoch."""
        note = {"what": what, "pid": self._machine.processes.own(), "since": since}
        self._taken = self._machine.locks.take(self._path, json.dumps(note))
        return self._taken is not None

    def release(self) -> None:
        """Give it back."""
        if self._taken is not None:
            self._taken.release()
            self._taken = None

    def is_free(self) -> bool:
        """Could it be taken now?"""
        return self._machine.locks.is_free(self._path)

    def note(self) -> dict[str, object]:
        """What the holder wrote about itself."""
        try:
            data = json.loads(self._machine.disk.read(self._path) or "{}")
        except (OSError, ValueError, RecursionError):
            return {}
        return data if isinstance(data, dict) else {}


class LocalLease:
    """See :class:`greenroom.ports.Lease`."""

    def __init__(self, path: Path, machine: Machine) -> None:
        self._path = path
        self._machine = machine
        self._clock = machine.clock

    @contextmanager
    def hold(self, what: str, wait: float) -> Iterator[None]:
        lock = FileLock(self._path, self._machine)
        until = self._clock.monotonic() + wait
        while not lock.try_take(what, self._clock.now()):
            if self._clock.monotonic() >= until and not self._brief(lock, until):
                raise self._locked()
            self._clock.sleep(0.05)
        try:
            yield
        finally:
            lock.release()

    def check(self) -> None:
        """It is freed by the death of its holder alone."""

    def forget(self) -> None:
        self._machine.disk.remove(self._path)

    def _brief(self, lock: FileLock, until: float) -> bool:
        """Due work takes moments: nobody is sent away for it, or for who has not said yet what it is, up to ten seconds."""
        return lock.note().get("what") in ("due work", None) and self._clock.monotonic() < until + 10.0

    def holder(self) -> Holder | None:
        lock = FileLock(self._path, self._machine)
        if lock.is_free():
            return None
        note = lock.note()
        since = note.get("since")
        return Holder(
            str(note.get("what", "a command")),
            f"process {note.get('pid', '?')}",
            float(since) if isinstance(since, (int, float)) else 0.0,
        )

    def free(self) -> Holder | None:
        holder = self.holder()
        pid = FileLock(self._path, self._machine).note().get("pid")
        known = self._machine.processes.identify(pid) if holder and isinstance(pid, int) else None
        if known is not None:
            self._machine.processes.end(known, signal.SIGTERM, 5.0)
        return holder

    def _locked(self) -> GreenroomError:
        holder = self.holder()
        if holder is None:
            return GreenroomError("locked", "the lock was taken and freed just now", "try again", Exit.LOCKED)
        age = f", for {self._clock.now() - holder.since:.0f} s" if holder.since else ""
        return GreenroomError(
            "locked",
            f"{holder.what} is running ({holder.who}{age})",
            "wait for it with --wait 60, or end it with: greenroom unlock",
            Exit.LOCKED,
        )
