"""A real PostgreSQL and real S3 servers for tests: their own folders, a unix socket, ports of 127.0.0.1."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from greenroom.domain.secret import Secret
from greenroom.drivers.postgres.address import SERVICE
from greenroom.drivers.postgres.admin import Admin
from greenroom.drivers.postgres.server import EmbeddedPostgres, binaries
from greenroom.drivers.postgres.shared_sql import PSQL
from greenroom.drivers.s3.server import ADMIN_KEY, EmbeddedS3
from greenroom.drivers.system.real import this_machine
from greenroom.drivers.system.spawn import plain_environment
from greenroom.ports import Done

PASSWORD = Secret("a-password-of-tests")
PATIENCE = 60.0


def free_port() -> int:
    """A port that is free now, with room for the one 10000 above."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port < 55000:
            return port


def project_of(request: pytest.FixtureRequest) -> str:
    """A project of the test's own on a server that several share: the test's name, cut to 28 characters."""
    words = str(request.node.name).removeprefix("test_").partition("[")[0].replace("_", "-")
    return words[:28].strip("-")


@contextmanager
def short_folder() -> Iterator[Path]:
    """A private folder with a name short enough for sockets; gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="gr-t-", dir="/tmp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running(argv: tuple[str, ...], cwd: Path, env: dict[str, str], ready: str, stop: int) -> Iterator[None]:
    """A server in the foreground, from when it answers until the block is left."""
    log = cwd / "server.log"
    with log.open("wb") as out:
        process = subprocess.Popen(argv, cwd=cwd, env=env, stdout=out, stderr=out)
    clock = this_machine().clock
    until = clock.monotonic() + PATIENCE
    try:
        while not this_machine().net.listens(ready):
            assert process.poll() is None, log.read_text(errors="replace")
            assert clock.monotonic() < until, log.read_text(errors="replace")
            clock.sleep(0.05)
        yield
    finally:
        process.send_signal(stop)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def postgres() -> Iterator[Admin]:
    """The embedded server; durability is off."""
    with short_folder() as folder:
        server = EmbeddedPostgres(folder / "data", folder / "pg", lambda: PASSWORD, 60)
        env = plain_environment()
        server.initialise(env)
        argv = (*server.command(), "-c", "fsync=off", "-c", "full_page_writes=off")
        with running(argv, folder, env, server.ready, signal.SIGINT):
            yield Admin(folder / "pg", lambda: PASSWORD, this_machine().clock)


@contextmanager
def seaweed() -> Iterator[tuple[str, str, Secret]]:
    """The embedded store: its address, and the administrator's key and secret."""
    with short_folder() as folder:
        ports = {name: free_port() for name in ("s3", "master", "volume", "filer", "admin")}
        store = EmbeddedS3(folder, ports, PASSWORD, Secret("a-jwt-key-of-tests"))
        store.prepare()
        env = store.environment(plain_environment())
        with running(store.command(), folder, env, store.ready, signal.SIGKILL):
            yield f"http://{store.address}", ADMIN_KEY, PASSWORD


def built_program(name: str) -> Path | None:
    """A program where scripts/go-program has built it; None elsewhere."""
    script = Path(__file__).parents[1] / "scripts" / "go-program"
    command = [sys.executable, str(script), name, "--built"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    return None if done.returncode else Path(done.stdout.strip())


def minio_program() -> Path:
    """MinIO, where it is built; skips the test elsewhere."""
    program = built_program("minio")
    if program is None:
        pytest.skip("there is no MinIO; with Go, scripts/go-program minio builds it in about three minutes")
    return program


@contextmanager
def minio(binary: Path) -> Iterator[tuple[str, str, Secret]]:
    """A MinIO: its address, and the root user's key and secret."""
    with short_folder() as folder:
        address = f"127.0.0.1:{free_port()}"
        keys = {"MINIO_ROOT_USER": ADMIN_KEY, "MINIO_ROOT_PASSWORD": PASSWORD.reveal()}
        env = {**plain_environment(), **keys, "MINIO_BROWSER": "off", "HOME": str(folder)}
        argv = (str(binary), "server", "--quiet", "--address", address, str(folder / "data"))
        with running(argv, folder, env, f"tcp:{urlsplit('//' + address).port}", signal.SIGTERM):
            yield f"http://{address}", ADMIN_KEY, PASSWORD


def psql_here(environment: str, service: str, sql: str) -> Done:
    """Runs SQL by the wheel's psql, as a Job's pod does: from files alone."""
    with short_folder() as folder:
        (folder / "service").write_text(service)
        (folder / "script.sql").write_text(sql)
        env = {**plain_environment(), "PGSERVICE": SERVICE, "PGSERVICEFILE": str(folder / "service")}
        argv = (str(binaries() / "psql"), *PSQL[1:], str(folder / "script.sql"))
        done = subprocess.run(argv, env=env, cwd=folder, stdout=-1, stderr=-2, text=True, check=False)
    return Done(done.returncode, tuple(done.stdout.splitlines()))
