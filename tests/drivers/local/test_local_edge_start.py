"""An edge that is started again takes its first connection with its certificates at hand."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from greenroom.drivers.local.edge_start import EdgeStart, without_ears
from greenroom.drivers.s3.server import find
from greenroom.drivers.system.proc import children

HOST = "shop.localhost"
KILLS = 5


def configuration(folder: Path, names: int = 200) -> dict[str, Any]:
    """More certificates than a small edge has: loading them takes a moment, which is where handshakes failed."""
    subjects = [HOST, *(f"n{n}.localhost" for n in range(names))]
    answer = {"handler": "static_response", "status_code": 200, "body": "here"}
    server = {
        "listen": ["fd/3"],
        "listen_protocols": [["h1"]],
        "automatic_https": {"disable": True},
        "tls_connection_policies": [{}],
        "routes": [{"handle": [answer]}],
    }
    return {
        "admin": {"disabled": True, "config": {"persist": False}},
        "storage": {"module": "file_system", "root": str(folder / "caddy")},
        "apps": {
            "pki": {"certificate_authorities": {"local": {"install_trust": False}}},
            "tls": {
                "certificates": {"automate": subjects},
                "automation": {"policies": [{"issuers": [{"module": "internal"}]}]},
            },
            "http": {"servers": {"https": server}},
        },
    }


@contextmanager
def keeper(
    folder: Path, whole: dict[str, Any], port: int, door: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """The real keeper with the real Caddy."""
    door = door or folder / "edge.sock"
    file, start = folder / "whole.json", folder / "start.json"
    file.write_text(json.dumps(whole))
    start.write_text(json.dumps(without_ears(whole, door)))
    module = (sys.executable, "-m", "greenroom.drivers.local.keeper", "127.0.0.1", str(port), "0")
    argv = [*module, str(door), str(file), find("caddy", "local"), "run", "--config", str(start)]
    log = (folder / "keeper.log").open("wb")
    with log, subprocess.Popen(argv, cwd=folder, stdout=log, stderr=log) as process:
        try:
            yield process
        finally:
            process.terminate()


def shake_hands(port: int, context: ssl.SSLContext) -> None:
    """A new connection, a request, its answer. Raises OSError when there is none."""
    with (
        socket.create_connection(("127.0.0.1", port), 30) as plain,
        context.wrap_socket(plain, server_hostname=HOST) as tls,
    ):
        tls.sendall(b"GET / HTTP/1.1\r\nHost: shop.localhost\r\nConnection: close\r\n\r\n")
        answer = tls.recv(4096)
        if b"200" not in answer:
            raise ConnectionResetError("no answer")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def blind() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def eventually(seen: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not seen():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def answered(port: int, context: ssl.SSLContext) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            shake_hands(port, context)
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("the edge did not come up")


def test_killed_again_and_again_it_fails_no_handshake(tmp_path: Path) -> None:
    """Every connection that begins after an edge's death is answered by the next one."""
    port, context = free_port(), blind()
    failed: list[tuple[float, str]] = []
    good: list[float] = []
    over = threading.Event()

    def visit() -> None:
        while not over.is_set():
            began = time.monotonic()
            try:
                shake_hands(port, context)
                good.append(began)
            except OSError as error:
                failed.append((began, str(error)))
            time.sleep(0.01)

    with keeper(tmp_path, configuration(tmp_path), port) as process:
        answered(port, context)
        with socket.socket(socket.AF_UNIX) as other, pytest.raises(OSError):
            other.connect(str(tmp_path / "edge.sock"))
        visitors = [threading.Thread(target=visit) for _ in range(4)]
        for visitor in visitors:
            visitor.start()
        lives: list[tuple[float, float]] = []
        for _ in range(KILLS):
            (edge,) = children(process.pid)
            frozen = time.monotonic()
            os.kill(edge, signal.SIGKILL)
            eventually(lambda edge=edge: children(process.pid) not in ([edge], []))  # type: ignore[misc]
            lives.append((frozen, time.monotonic()))
            before = len(good)
            eventually(lambda before=before: len(good) >= before + 8)  # type: ignore[misc]
        over.set()
        for visitor in visitors:
            visitor.join()
    late = [why for began, why in failed if not any(a - 1.0 <= began <= b for a, b in lives)]
    assert late == [], (tmp_path / "keeper.log").read_text()[-2000:]
    assert len(failed) <= 4 * KILLS, "only what was in flight"


def test_without_room_for_its_socket_the_next_one_starts_plainly(tmp_path: Path) -> None:
    port, nowhere = free_port(), tmp_path / "gone" / "edge.sock"
    with keeper(tmp_path, configuration(tmp_path, 3), port, nowhere):
        answered(port, blind())
    assert not nowhere.exists()


def test_what_the_edge_does_not_take_is_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Caddy's own words are in the log, and the edge is not left half started."""
    (tmp_path / "whole.json").write_text('{"apps": {"nonsense": {}}}')
    start = tmp_path / "start.json"
    door = tmp_path / "edge.sock"
    start.write_text(json.dumps(without_ears({"apps": {}}, door)))
    with subprocess.Popen(
        [find("caddy", "local"), "run", "--config", str(start)], stderr=subprocess.DEVNULL
    ) as process:
        pidfd = os.pidfd_open(process.pid)
        try:
            assert not EdgeStart(door, tmp_path / "whole.json").give(pidfd)
        finally:
            os.close(pidfd)
            process.kill()
    assert "nonsense" in capfd.readouterr().err


def test_a_configuration_that_is_gone_does_not_end_the_keeper(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    pidfd = os.pidfd_open(os.getpid())
    try:
        assert not EdgeStart(tmp_path / "edge.sock", tmp_path / "whole.json").give(pidfd)
    finally:
        os.close(pidfd)
    assert "cannot be read" in capfd.readouterr().err


def test_one_that_ends_by_itself_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "whole.json").write_text(json.dumps(configuration(tmp_path)))
    with subprocess.Popen(["true"]) as process:
        pidfd = os.pidfd_open(process.pid)
        try:
            assert not EdgeStart(tmp_path / "edge.sock", tmp_path / "whole.json").give(pidfd)
        finally:
            os.close(pidfd)
