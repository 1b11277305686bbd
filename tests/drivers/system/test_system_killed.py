"""Killing with a count: the kernel's tables are read rightly, and what is frozen dies with its group."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from greenroom.drivers.system.net import count_tcp, count_unix, tcp_table, unix_table
from greenroom.drivers.system.proc import children, identify, kill_frozen

SERVER = """
import os, socket, sys, time
listener = socket.socket(socket.AF_UNIX); listener.bind(sys.argv[1]); listener.listen(8)
child = os.fork()
if child: print(child, flush=True)
time.sleep(60)
"""


def test_unix_connections_are_counted_also_when_nobody_has_accepted_them(tmp_path: Path) -> None:
    path = str(tmp_path / "web.sock")
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as one:
        listener.bind(path)
        listener.listen(4)
        assert count_unix(unix_table(), path) == 0
        one.connect(path)
        assert count_unix(unix_table(), path) == 1
        accepted, _ = listener.accept()
        with accepted:
            assert count_unix(unix_table(), path) == 1


def test_tcp_connections_are_counted() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert count_tcp(tcp_table(), port) == 0
        with socket.create_connection(("127.0.0.1", port)):
            assert count_tcp(tcp_table(), port) == 1


def test_a_group_is_frozen_looked_at_and_dead(tmp_path: Path) -> None:
    path = str(tmp_path / "web.sock")
    with (
        subprocess.Popen(
            [sys.executable, "-c", SERVER, path], stdout=subprocess.PIPE, text=True, start_new_session=True
        ) as process,
        socket.socket(socket.AF_UNIX) as client,
    ):
        assert process.stdout is not None
        child = int(process.stdout.readline())
        assert children(process.pid) == [child]
        client.connect(path)
        seen: list[str] = []

        def look() -> str:
            seen.append(Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0])
            return unix_table()

        pidfd = os.pidfd_open(child)
        assert count_unix(kill_frozen(process.pid, True, look), path) == 1
        assert seen[0] in "TRS"
        assert process.wait(5) == -signal.SIGKILL
        assert select.select([pidfd], [], [], 5.0)[0], "its child lives on"
        os.close(pidfd)
        assert identify(process.pid) is None
    with pytest.raises(ProcessLookupError):
        kill_frozen(process.pid, True, str)
