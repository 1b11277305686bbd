"""Clones of a database of 1 GB, by method: seconds and megabytes of disk for each.

``--folder`` chooses the file system: on XFS (with reflinks) or Btrfs the method ``clone`` shares blocks, on ext4 it
copies them in the kernel. Each clone is dropped once it was measured. Disk is what the file system has free before and
after, so others who write there disturb it; the median does not mind single ones.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.machine import described, load_average
from benchmarks.stand import ROOT
from benchmarks.stats import spread

sys.path.insert(0, str(ROOT / "tests"))

from greenroom.drivers.postgres.admin import Admin, drop_database, statement
from greenroom.drivers.postgres.clone import clone
from greenroom.drivers.postgres.server import EmbeddedPostgres
from greenroom.drivers.system.real import this_machine
from greenroom.drivers.system.spawn import plain_environment
from servers import PASSWORD, running

ROW_BYTES = 150
"""About what a row of ``pgbench_accounts`` takes with its index."""

TEMPLATE, CLONE = "template_1gb", "a_clone"


def main(arguments: list[str]) -> int:
    """Measure and write the results."""
    wanted = _parsed(arguments)
    with _server(wanted.folder) as admin:
        _fill(admin, wanted.mb)
        found = measure(admin, wanted)
    wanted.out.parent.mkdir(parents=True, exist_ok=True)
    there = json.loads(wanted.out.read_text()) if wanted.out.exists() else {"machine": described()}
    there[found["file_system"]] = found
    wanted.out.write_text(json.dumps(there, indent=1) + "\n")
    print(f"results in {wanted.out}")
    return 0


def measure(admin: Admin, wanted: argparse.Namespace) -> dict[str, Any]:
    """The methods in turn, again and again, so that a busy moment of the machine meets all of them."""
    with admin.connect() as connection:
        row = connection.execute("select pg_database_size(%s)", [TEMPLATE]).fetchone()
    assert row is not None
    counts = {"clone": wanted.clones, "copy": wanted.copies, "wal_log": wanted.logged}
    seen: dict[str, list[tuple[float, float]]] = {way: [] for way, count in counts.items() if count}
    for number in range(max(counts.values())):
        for way in (way for way in seen if number < counts[way]):
            seen[way].append(_measured(admin, wanted.folder, way))
            print(f"{way} {number + 1}: {seen[way][-1][0]:.2f} s, {seen[way][-1][1]:.0f} MB", flush=True)
    return {
        "file_system": _file_system(wanted.folder),
        "template_mb": round(row[0] / 1e6),
        "ways": {way: _summary(made) for way, made in seen.items()},
        "load_average_end": load_average(),
    }


def _summary(made: list[tuple[float, float]]) -> dict[str, Any]:
    return {"seconds": spread([one[0] for one in made]), "disk_mb": spread([one[1] for one in made])}


def _measured(admin: Admin, folder: Path, way: str) -> tuple[float, float]:
    """Seconds and megabytes of one clone."""
    with admin.connect() as connection:
        connection.execute("checkpoint")
        before, began = _free(folder), time.monotonic()
        _make(connection, way)
        seconds = time.monotonic() - began
        megabytes = (before - _free(folder)) / 1e6
        drop_database(connection, CLONE)
    return seconds, megabytes


def _make(connection: Any, way: str) -> None:
    if way == "wal_log":
        connection.execute(statement("create database {} template {} strategy wal_log", CLONE, TEMPLATE))
    else:
        clone(connection, TEMPLATE, CLONE, "postgres", methods=(way,))


def _free(folder: Path) -> int:
    """Bytes that are free, once all that was written has been written out."""
    os.sync()
    found = os.statvfs(folder)
    return found.f_bfree * found.f_frsize


def _fill(admin: Admin, megabytes: int) -> None:
    """A table like pgbench's accounts, with its index, and sealed as a template is."""
    with admin.connect() as connection:
        connection.execute(statement("create database {}", TEMPLATE))
    rows = megabytes * 1_000_000 // ROW_BYTES
    with admin.connect(TEMPLATE) as inside:
        inside.execute("create table accounts (aid int, bid int, abalance int, filler char(84))")
        inside.execute("insert into accounts select n, n %% 100, n, '' from generate_series(1, %s) n", [rows])
        inside.execute("alter table accounts add primary key (aid)")
    with admin.connect() as connection:
        connection.execute(statement("alter database {} allow_connections false is_template true", TEMPLATE))


@contextmanager
def _server(folder: Path) -> Iterator[Admin]:
    """A server with its data in ``folder``, as durable as a project's own."""
    data = Path(tempfile.mkdtemp(prefix="gr-clone-", dir=folder))
    sockets = Path(tempfile.mkdtemp(prefix="gr-clone-", dir="/tmp"))
    try:
        server = EmbeddedPostgres(data / "data", sockets / "pg", lambda: PASSWORD, 60)
        env = plain_environment()
        server.initialise(env)
        argv = (*server.command(), "-c", "max_wal_size=4GB")
        with running(argv, data, env, server.ready, signal.SIGINT):
            yield Admin(sockets / "pg", lambda: PASSWORD, this_machine().clock)
    finally:
        shutil.rmtree(data, ignore_errors=True)
        shutil.rmtree(sockets, ignore_errors=True)


def _file_system(folder: Path) -> str:
    """Its type, from /proc/mounts: the longest mount point above the folder."""
    mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    above = [(len(point), kind) for _, point, kind, *_ in mounts if folder.resolve().is_relative_to(point)]
    return max(above)[1]


def _parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks/clone", description=__doc__)
    parser.add_argument(
        "--folder", type=Path, default=Path(tempfile.gettempdir()), help="where the data lies"
    )
    parser.add_argument("--mb", type=int, default=1000, help="size of the template")
    parser.add_argument("--clones", type=int, default=30, help="clones by file_copy, method clone")
    parser.add_argument("--copies", type=int, default=30, help="clones by file_copy, method copy")
    parser.add_argument("--logged", type=int, default=3, help="clones by wal_log, for comparison")
    day = time.strftime("%Y-%m-%d", time.gmtime())
    out = ROOT / "benchmarks" / "results" / f"clone-{day}.json"
    parser.add_argument("--out", type=Path, default=out, help="results of several file systems are joined")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
