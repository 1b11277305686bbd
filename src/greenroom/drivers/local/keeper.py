"""The keeper: binds the public sockets, runs the edge as its child, starts it again when it dies.

Nobody is refused while the edge restarts: connections wait in the kernel's queue of the sockets that the keeper holds.
The supervisor is not the holder, since its own death would close them. It is the keeper that starts a supervisor again
which was killed: each of the two brings the other back.
``python -m greenroom.drivers.local.keeper BIND PORT HTTP-PORT-OR-0 DOOR CONFIG COMMAND...``, in the state folder;
descriptors 3 = TCP, 4 = UDP of the same port, 5 = plain http. The command starts an edge that does not listen yet; once it
has loaded its certificates it is given CONFIG through the socket DOOR (see :mod:`.edge_start`).
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import select
import signal
import socket
import sys
import time
from pathlib import Path
from types import FrameType

from greenroom.domain.errors import GreenroomError
from greenroom.drivers.local.edge_start import EdgeStart
from greenroom.drivers.local.revival import left_behind
from greenroom.drivers.system.disk import RealDisk
from greenroom.drivers.system.proc import identify
from greenroom.drivers.system.saying import say
from greenroom.drivers.system.spawn import Process, spawn

PR_SET_PDEATHSIG = 1
"""prctl(2): the child gets this signal when its parent dies."""

QUICK_SECONDS = 5.0

LOOK_SECONDS = 1.0
"""How often the keeper looks whether the supervisor lives."""

LONGEST_PAUSE = 30.0
"""Between two starts of a supervisor that does not stay."""


def bind(address: str, port: int, http_port: int) -> None:
    """Bind everything and put it on the descriptors 3 to 5. Raises OSError when a port is taken."""
    wanted = [(socket.SOCK_STREAM, port), (socket.SOCK_DGRAM, port), (socket.SOCK_STREAM, http_port)]
    held: list[int] = []
    for kind, number in wanted if http_port else wanted[:2]:
        listener = socket.socket(socket.AF_INET, kind)
        if kind == socket.SOCK_STREAM:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, number))
        if kind == socket.SOCK_STREAM:
            listener.listen(4096)
        held.append(fcntl.fcntl(listener.detach(), fcntl.F_DUPFD_CLOEXEC, 20))
    for index, fd in enumerate(held):
        os.dup2(fd, 3 + index, inheritable=True)


class Reviver:
    """Starts the supervisor of a state folder again when it was killed. ``started``: one that it did start and that lives."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.started: Process | None = None
        self._pause = LOOK_SECONDS
        self._next = 0.0

    def look(self, now: float) -> None:
        """Look once. What the machine refuses is tried again later, after growing pauses."""
        if self.started is not None and self.started.poll() is not None:
            self.started = None
        if now < self._next:
            return
        try:
            self._pause = min(LONGEST_PAUSE, self._pause * 2) if self._revive() else LOOK_SECONDS
        except (OSError, GreenroomError) as error:
            self._pause = min(LONGEST_PAUSE, self._pause * 2)
            say(f"cannot look after the supervisor: {error}")
        self._next = now + self._pause

    def _revive(self) -> bool:
        duty = left_behind(self._root, RealDisk(), identify)
        if duty is None:
            return False
        log = self._root / "logs" / "supervisor.log"
        say(f"the supervisor {duty.pid.pid} is gone; starting it again")
        # Another one may be starting at this moment: the lock decides, and the other goes.
        self.started = spawn(duty.argv, cwd=self._root, env=duty.env, log=log)
        return True


class Keeper:
    """Runs one command for ever, and looks after the supervisor meanwhile."""

    def __init__(self, command: list[str], start: EdgeStart, reviver: Reviver) -> None:
        self._command = command
        self._edge_start = start
        self._reviver = reviver
        self._child = 0
        self._given = False
        self._stopping = False

    def run(self) -> None:
        """Start, wait, start again; a quick death is followed by a growing pause, one second at most.

        Where an edge could not be started carefully (a full disk has no room for its socket), the next one starts plainly.
        """
        pause, careful = 0.02, False
        while not self._stopping:
            began = time.monotonic()
            careful = not careful or self._given
            self._child = self._start(careful)
            self._wait(self._child, careful)
            self._child = 0
            pause = 0.02 if time.monotonic() - began > QUICK_SECONDS else min(1.0, pause * 2)
            if not self._stopping:
                signal.sigtimedwait([], pause)

    def stop(self, number: int, frame: FrameType | None) -> None:
        """Pass the signal on to the edge, which finishes its requests."""
        del frame
        self._stopping = True
        if self._child:
            os.kill(self._child, number)

    def _wait(self, child: int, careful: bool) -> None:
        """Until the edge has ended; while it runs, the supervisor is looked after."""
        pidfd = os.pidfd_open(child)
        try:
            self._given = not careful or self._edge_start.give(pidfd)
            if not self._given:
                os.kill(child, signal.SIGKILL)
            while not select.select([pidfd], [], [], LOOK_SECONDS)[0]:
                if not self._stopping:
                    self._reviver.look(time.monotonic())
        finally:
            os.close(pidfd)
        os.waitpid(child, 0)

    def _start(self, careful: bool) -> int:
        self._edge_start.prepare()
        command = self._command if careful else self._edge_start.plainly(self._command)
        child = os.fork()
        if child == 0:
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            os.execv(command[0], command)  # noqa: S606 - a fixed command, no shell wanted
        return child


def main(arguments: list[str]) -> int:
    """Bind, then keep the edge running."""
    bind(arguments[0], int(arguments[1]), int(arguments[2]))
    start = EdgeStart(Path(arguments[3]), Path(arguments[4]))
    keeper = Keeper(arguments[5:], start, Reviver(Path.cwd()))
    signal.signal(signal.SIGTERM, keeper.stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keeper.run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
