"""The keeper: binds the public sockets, runs the edge as its child, starts it again when it dies.

Nobody is refused while the edge restarts: connections wait in the kernel's queue of the sockets that the keeper holds.
The supervisor is not the holder, since its own death would close them.
``python -m greenroom.drivers.local.keeper BIND PORT HTTP-PORT-OR-0 COMMAND...``; descriptors 3 = TCP, 4 = UDP of the
same port, 5 = plain http.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import socket
import sys
import time
from types import FrameType

PR_SET_PDEATHSIG = 1
"""prctl(2): the child gets this signal when its parent dies."""

QUICK_SECONDS = 5.0


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


class Keeper:
    """Runs one command for ever."""

    def __init__(self, command: list[str]) -> None:
        self._command = command
        self._child = 0
        self._stopping = False

    def run(self) -> None:
        """Start, wait, start again; a quick death is followed by a growing pause, one second at most."""
        pause = 0.02
        while not self._stopping:
            began = time.monotonic()
            self._child = self._start()
            os.waitpid(self._child, 0)
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

    def _start(self) -> int:
        child = os.fork()
        if child == 0:
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            os.execv(self._command[0], self._command)  # noqa: S606 - a fixed command, no shell wanted
        return child


def main(arguments: list[str]) -> int:
    """Bind, then keep the edge running."""
    bind(arguments[0], int(arguments[1]), int(arguments[2]))
    keeper = Keeper(arguments[3:])
    signal.signal(signal.SIGTERM, keeper.stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keeper.run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
