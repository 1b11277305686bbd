"""The script by which the chart's PostgreSQL begins, run with the embedded server's programs."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
from chart_of import CHART

from greenroom.domain.secret import Secret
from greenroom.drivers.postgres.scram import scram_verifier
from greenroom.drivers.postgres.server import binaries, not_as_root
from greenroom.drivers.system.spawn import plain_environment
from servers import free_port, short_folder

PATIENCE = 60.0


@contextmanager
def begun(folder: Path, port: int, word: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A connection as the app; the server is ended as a pod is, by SIGTERM to the shell, with the session open."""
    env = {**plain_environment(), "PGDATA": str(folder / "pg"), "PGPORT": str(port)}
    env |= {"VERIFIER": scram_verifier(Secret(word)), "PATH": f"{binaries()}:{os.environ['PATH']}"}
    argv = not_as_root(("sh", str(CHART / "files" / "database.sh")))
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(argv, cwd=folder, env=env, stdout=log, stderr=log)
    try:
        with _connected(process, folder, port, word) as connection:
            yield connection
            process.send_signal(signal.SIGTERM)
            assert process.wait(15) == 0, (folder / "log").read_text()
    finally:
        process.kill()
        process.wait()


def _connected(
    process: subprocess.Popen[bytes], folder: Path, port: int, word: str
) -> psycopg.Connection[tuple[object, ...]]:
    url = f"postgresql://app:{word}@127.0.0.1:{port}/app"
    until = time.monotonic() + PATIENCE
    while True:
        assert process.poll() is None, (folder / "log").read_text()
        assert time.monotonic() < until, (folder / "log").read_text()
        with suppress(psycopg.OperationalError):
            return psycopg.connect(url, autocommit=True, connect_timeout=5)
        time.sleep(0.1)


def test_it_begins_goes_on_and_takes_a_new_password() -> None:
    with short_folder() as folder:
        port = free_port()
        with begun(folder, port, "one") as app:
            app.execute("create table things (id int)")
            rights = "select rolsuper, rolcreatedb, rolcreaterole from pg_roles where rolname = current_user"
            assert app.execute(rights).fetchone() == (False, False, False)
        with begun(folder, port, "two") as app:
            assert app.execute("select count(*) from things").fetchone() == (0,)
            with pytest.raises(psycopg.OperationalError):
                psycopg.connect(f"postgresql://app:one@127.0.0.1:{port}/app")
            with pytest.raises(psycopg.OperationalError):
                psycopg.connect(f"postgresql://postgres:x@127.0.0.1:{port}/app")
        (folder / "pg" / "greenroom-whole").unlink()
        with begun(folder, port, "three") as app:
            assert app.execute("select to_regclass('things')").fetchone() == (None,)
