"""This machine; see :mod:`greenroom.drivers.system.machine`."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from greenroom.drivers.system import net, proc
from greenroom.drivers.system.clock import SystemClock
from greenroom.drivers.system.disk import RealDisk
from greenroom.drivers.system.locks import RealLocks
from greenroom.drivers.system.machine import Machine
from greenroom.drivers.system.net import Answer
from greenroom.drivers.system.proc import Pid
from greenroom.drivers.system.spawn import Process, environment, spawn


def this_machine() -> Machine:
    """The real clock, disk, processes, locks and sockets."""
    return Machine(SystemClock(), RealDisk(), RealProcesses(), RealLocks(), RealNet())


class RealProcesses:
    """Linux processes, by number and start time."""

    def spawn(self, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path) -> Process:
        return spawn(argv, cwd=cwd, env=env, log=log)

    def environment(self) -> dict[str, str]:
        return environment()

    def own(self) -> int:
        return os.getpid()

    def boot(self) -> str:
        return proc.boot_id()

    def identify(self, pid: int) -> Pid | None:
        return proc.identify(pid)

    def signal(self, pid: int, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)

    def kill_group(self, leader: int) -> None:
        proc.kill_group(leader)

    def end(self, known: Pid, number: int, timeout: float) -> bool:
        return proc.end(known, number, timeout)

    def marked(self, variable: str, value: str) -> list[tuple[int, str]]:
        return proc.marked(variable, value)


class RealCall:
    """A connection with one line on it."""

    def __init__(self, connection: socket.socket, text: str) -> None:
        self._connection = connection
        self.text = text

    def answer(self, text: str) -> None:
        with contextlib.suppress(OSError), self._connection:
            self._connection.sendall((text + "\n").encode())


class RealListener:
    """A listening unix socket."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener

    def next(self, timeout: float) -> RealCall | None:
        self._listener.settimeout(timeout)
        try:
            connection, _ = self._listener.accept()
        except TimeoutError:
            return None
        connection.settimeout(2.0)
        try:
            return RealCall(connection, connection.makefile().readline())
        except (OSError, ValueError):
            connection.close()
            return None


class RealNet:
    """Sockets of this machine."""

    def ask_unix(self, socket: str, path: str, headers: Mapping[str, str], timeout: float) -> Answer:
        return net.ask_unix(socket, path, headers, timeout)

    def burst(self, socket: str, path: str, headers: Mapping[str, str], count: int) -> list[Answer | None]:
        def one(_number: int) -> Answer | None:
            try:
                return net.ask_unix(socket, path, headers)
            except OSError:
                return None

        with ThreadPoolExecutor(max_workers=count) as pool:
            return list(pool.map(one, range(count)))

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
        ca = str(ca_file) if ca_file.exists() else None
        return net.ask_tls(name, port, path, ca, timeout, address, headers)

    def listens(self, address: str) -> bool:
        kind, _, where = address.partition(":")
        if kind == "unix":
            return net.listens_unix(where)
        return net.listens(int(where)) if kind == "tcp" else True

    def in_flight(self, suffix: str) -> int:
        return net.in_flight(suffix)

    def call(self, socket_path: str, text: str, timeout: float) -> str:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout)
            connection.connect(socket_path)
            connection.sendall((text + "\n").encode())
            return connection.makefile().readline()

    @contextlib.contextmanager
    def serve(self, socket_path: str) -> Iterator[RealListener]:
        path = Path(socket_path)
        path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(socket_path)
            path.chmod(0o600)
            listener.listen(16)
            try:
                yield RealListener(listener)
            finally:
                path.unlink(missing_ok=True)
