"""What is there of an environment, found without Greenroom: files, databases, roles, buckets, users, processes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boto3
import psycopg
from botocore.config import Config
from shop import Shop, git, processes_of

SHARED = (
    "postgres/",
    "s3/",
    "logs/access.log",
    "logs/due.log",
    "caddy/",
    "ledger.sqlite",
    "venvs/",
    "locks/",
)
"""What belongs to all environments and changes by itself; databases and buckets are asked by other means."""


def found(shop: Shop) -> dict[str, set[str]]:
    """Everything on the machine that could belong to an environment of this shop."""
    return {
        "files": set(files(shop.state)),
        "databases": set(sql(shop, "select datname from pg_database")),
        "roles": set(sql(shop, "select rolname from pg_roles")),
        "buckets": {b["Name"] for b in s3(shop, "s3").list_buckets()["Buckets"]},
        "users": {u["UserName"] for u in s3(shop, "iam").list_users()["Users"]},
        "processes": {line for _, line in processes_of(shop.state) if "greenroom" not in line.split()[0]},
        "mounts": {m for m in mounts() if m.startswith((str(shop.folder.parent), "/tmp/", "/run/user/"))},
        "sockets": {
            path for path in sockets() if path.startswith((shop.state / "short").read_text().strip())
        },
    }


def mounts() -> list[str]:
    """Where anything is mounted; containers on the same machine mount and unmount all the time."""
    return [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]


def sockets() -> list[str]:
    """Paths of every unix socket on the machine."""
    return [line.split()[-1] for line in Path("/proc/net/unix").read_text().splitlines()]


def files(state: Path) -> list[str]:
    """Every path below the state folder but those of the shared parts."""
    listed = (path.relative_to(state).as_posix() for path in state.rglob("*"))
    return [path for path in listed if not path.startswith(SHARED)]


def sql(shop: Shop, query: str) -> list[str]:
    """The first column of a query, as the server's own administrator."""
    password = json.loads((shop.state / "secrets" / "_platform.json").read_text())["POSTGRES_PASSWORD"]
    where = (shop.state / "short").read_text().strip() + "/s/pg"
    with psycopg.connect(
        host=where, port=5432, user="postgres", password=password, dbname="postgres"
    ) as link:
        return [row[0] for row in link.execute(query).fetchall()]


def s3(shop: Shop, service: Any) -> Any:
    """A client of the object store, as its administrator."""
    secret = json.loads((shop.state / "secrets" / "_platform.json").read_text())["S3_ADMIN_SECRET"]
    port = json.loads((shop.state / "public.json").read_text())["services"]["s3"]
    return boto3.client(
        service,
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id="greenroom-admin",
        aws_secret_access_key=secret,
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}),
    )


def branch(shop: Shop, name: str, text: str) -> str:
    """A branch with one commit of its own that makes another release."""
    git(shop.folder, "checkout", "-q", "-B", name, "main")
    (shop.folder / "shop" / "branch.txt").write_text(text)
    commit = shop.commit(f"work on {name}")
    git(shop.folder, "checkout", "-q", "main")
    return commit
