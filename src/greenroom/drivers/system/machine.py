"""What the one-machine target asks of the machine, as protocols, so that it can run on a simulated one as well.

:func:`greenroom.drivers.system.real.this_machine` is the real one, :mod:`greenroom.testing.machine` a seeded one in
memory. A primitive here is one thing that a crash can come before or after: nothing combines two of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # the keeper needs a disk alone, and stays small
    from greenroom.drivers.system.net import Answer
    from greenroom.drivers.system.proc import Pid
    from greenroom.ports import Clock


class Disk(Protocol):
    """Files and folders. Nothing is durable before it was synced: a file by ``sync``, a name by ``sync_folder``."""

    def read(self, path: Path, at: int = 0, most: int = -1) -> bytes:
        """The content from byte ``at``, at most ``most`` bytes of it. Raises FileNotFoundError."""

    def size(self, path: Path) -> int | None:
        """Bytes; None when there is no such file."""

    def exists(self, path: Path) -> bool:
        """Does the path lead to something, through links?"""

    def is_folder(self, path: Path) -> bool:
        """Does the path lead to a folder?"""

    def room(self, folder: Path) -> int:
        """Bytes that the file system of a folder has left for us."""

    def names(self, folder: Path) -> list[str]:
        """What is in a folder, sorted; nothing when it is not there."""

    def target(self, link: Path) -> str | None:
        """Where a symbolic link points; None when there is none."""

    def make_folder(self, path: Path) -> None:
        """Make a folder that only its owner may enter, with its parents, unless it is there."""

    def create(self, path: Path, data: bytes, mode: int = 0o600) -> None:
        """Make a file, or empty the one that is there, and write."""

    def append(self, path: Path, data: bytes) -> None:
        """Write at the end of a file; it is made if need be."""

    def sync(self, path: Path) -> None:
        """Make a file's content durable."""

    def sync_folder(self, folder: Path) -> None:
        """Make the names in a folder durable."""

    def rename(self, source: Path, target: Path) -> None:
        """Give it another name, in place of what had that name."""

    def link(self, path: Path, target: str) -> None:
        """Make a symbolic link."""

    def hard_link(self, source: Path, path: Path) -> None:
        """Give a file a second name, unless there is something of that name."""

    def remove(self, path: Path) -> None:
        """Remove a file or link, if it is there."""

    def remove_tree(self, folder: Path) -> None:
        """Remove a folder with all that is in it, if it is there."""


class Child(Protocol):
    """A process that this one started."""

    @property
    def pid(self) -> int:
        """Its number."""

    def poll(self) -> int | None:
        """Its exit code once it has ended (negative: the signal that ended it), else None."""


class Processes(Protocol):
    """Starting, finding and ending processes."""

    def spawn(self, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path) -> Child:
        """Start one that outlives this process; see :func:`greenroom.drivers.system.spawn.spawn`."""

    def environment(self) -> dict[str, str]:
        """This process's own environment."""

    def own(self) -> int:
        """This process's number."""

    def boot(self) -> str:
        """The name of this boot of the machine."""

    def identify(self, pid: int) -> Pid | None:
        """The process with that number now; None when there is none, or only a zombie."""

    def signal(self, pid: int, number: int) -> None:
        """Send a signal, if the process is there."""

    def kill_group(self, leader: int) -> None:
        """SIGKILL for a leader and everything in its process group."""

    def end(self, known: Pid, number: int, timeout: float) -> bool:
        """Send a signal, wait, then kill the group. True when it went in time."""

    def marked(self, variable: str, value: str) -> list[tuple[int, str]]:
        """Leaders whose environment sets ``variable`` to ``value/NAME``: (number, NAME)."""


class Taken(Protocol):
    """A lock that this process holds."""

    def release(self) -> None:
        """Give it back."""


class Locks(Protocol):
    """Locks on files that die with their holder (flock(2))."""

    def take(self, path: Path, note: str) -> Taken | None:
        """Take it and leave a note in the file, or None when somebody has it. Children do not inherit it.

        A holder may remove the file: whoever comes next makes it anew.
        """

    def is_free(self, path: Path) -> bool:
        """Could it be taken now?"""


class Call(Protocol):
    """A request that came in."""

    @property
    def text(self) -> str:
        """What was asked, one line."""

    def answer(self, text: str) -> None:
        """Answer it, one line; a caller who has gone is no error."""


class Listener(Protocol):
    """Waits for calls."""

    def next(self, timeout: float) -> Call | None:
        """The next call, or None after ``timeout`` seconds."""


class Net(Protocol):
    """Sockets of this machine."""

    def ask_unix(self, socket: str, path: str, headers: Mapping[str, str], timeout: float) -> Answer:
        """One GET over a unix socket. Raises OSError when there is no answer."""

    def burst(self, socket: str, path: str, headers: Mapping[str, str], count: int) -> list[Answer | None]:
        """So many GETs at the same time; None for each without an answer."""

    def ask_tls(
        self,
        name: str,
        port: int,
        path: str,
        ca_file: Path,
        timeout: float,
        address: str,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One GET over verified TLS. Raises OSError when there is no answer."""

    def listens(self, address: str) -> bool:
        """Does somebody answer on ``unix:PATH`` or ``tcp:PORT``?"""

    def in_flight(self, suffix: str) -> int:
        """Connections open on the unix socket whose path ends in ``suffix``."""

    def call(self, socket: str, text: str, timeout: float) -> str:
        """One line to a unix socket, and the line that comes back. Raises OSError when there is none."""

    def serve(self, socket: str) -> AbstractContextManager[Listener]:
        """Answer calls on a unix socket that only this user may use; a dead one of that name is replaced."""


@dataclass(frozen=True, slots=True)
class Machine:
    """All of it."""

    clock: Clock
    disk: Disk
    processes: Processes
    locks: Locks
    net: Net

    def alive(self, known: Pid | None) -> bool:
        """Is it still the same process, and not a zombie?"""
        return known is not None and self.processes.identify(known.pid) == known
