"""The real edge, the real sign-in, the real store and a small app that says what it was sent; no supervisor."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlsplit

from greenroom.domain.access import AccessPolicy, Doorkeeping, SignIn
from greenroom.domain.environment import Access
from greenroom.domain.project import App, Edge, Issuer, Project
from greenroom.domain.roles import Role, RoleKind
from greenroom.domain.secret import Secret
from greenroom.drivers.local.doorkeeper import LocalDoorkeeper
from greenroom.drivers.local.layout import Layout, open_layout
from greenroom.drivers.local.platform import Service
from greenroom.drivers.local.public import PublicAddress
from greenroom.drivers.local.secrets import SecretFile
from greenroom.drivers.local.services import edge_service, sign_in_service, store_service
from greenroom.drivers.s3.bucket import Bucket
from greenroom.drivers.s3.issuers import issuer_of
from greenroom.drivers.s3.server import ADMIN_KEY, EmbeddedS3, find
from greenroom.drivers.s3.store import Key, Store
from greenroom.drivers.system.files import replace_link
from greenroom.drivers.system.net import free_port
from greenroom.drivers.system.real import this_machine
from greenroom.drivers.system.signing import signed

SIGN_IN = "sign-in.shop.localhost"
PRODUCTION, ALPHA, BETA = "shop.localhost", "alpha.shop.localhost", "beta.shop.localhost"
SLOT = "aaaaaaaaaaaa-1"
PICTURE = b"a picture of a lamp" * 10_000
SECRET_PAGE = "the app's own page"

WSGI = """
import hashlib, json
def app(environ, start):
    body = b"".join(iter(lambda: environ["wsgi.input"].read(65536), b""))
    seen = {k: v for k, v in environ.items() if isinstance(v, str)}
    seen["body"] = hashlib.sha256(body).hexdigest()
    seen["page"] = "the app's own page"
    headers = [("Content-Type", "application/json"), ("X-Robots-Tag", "all")]
    if environ["PATH_INFO"] == "/overwrite":
        headers.append(("Set-Cookie", "__Host-greenroom=theirs; Path=/; Secure; HttpOnly"))
        headers.append(("Set-Cookie", "mine=1; Path=/"))
    start("200 OK", headers)
    return [json.dumps(seen).encode()]
"""

Headers = list[tuple[str, str]]


@dataclass(frozen=True)
class Got:
    """An answer, whole."""

    status: int
    headers: Headers
    body: bytes

    def header(self, name: str) -> str:
        """All values of a header, joined."""
        return ", ".join(v for k, v in self.headers if k.lower() == name.lower())

    @property
    def seen(self) -> dict[str, str]:
        """What the app was sent."""
        found: dict[str, str] = json.loads(self.body)
        return found


@dataclass
class Stand:
    """Everything, running."""

    layout: Layout
    public: PublicAddress
    project: Project
    policies: dict[str, AccessPolicy]
    hosts: dict[str, str]
    doorkeeper: LocalDoorkeeper = field(init=False)
    sign_in: SignIn = field(default_factory=lambda: SignIn(host=SIGN_IN))
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.doorkeeper = LocalDoorkeeper(self.layout, this_machine().disk, self.keeping)

    def keeping(self) -> Doorkeeping:
        """What the service is told."""
        buckets = {environment: f"shop-{environment}" for environment in self.policies}
        store = f"http://127.0.0.1:{self.public.services['s3']}"
        return Doorkeeping(
            "shop", self.public.port, self.sign_in, self.hosts, self.policies, store, buckets=buckets
        )

    def start(self, name: str, service: Service) -> None:
        """Prepare a service and start it; wait until it answers."""
        service.prepare()
        self.spawn(name, list(service.unit.argv), service.unit.cwd, service.unit.env)
        until = time.monotonic() + 30
        while not this_machine().net.listens(service.unit.ready):
            assert self.processes[name].poll() is None, self.log(name)
            assert time.monotonic() < until, self.log(name)
            time.sleep(0.02)

    def spawn(self, name: str, argv: list[str], cwd: str, env: Mapping[str, str]) -> None:
        with (self.layout.root / "logs" / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                argv, cwd=cwd, env=dict(env), stdout=log, stderr=log, start_new_session=True
            )

    def log(self, name: str) -> str:
        return (self.layout.root / "logs" / f"{name}.log").read_text()[-3000:]

    def stop(self, name: str) -> None:
        """End a process that this stand started."""
        process = self.processes.pop(name)
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def start_sign_in(self) -> None:
        self.start("signin", sign_in_service(self.layout))

    def connect(self, host: str) -> HTTPConnection:
        """A TLS connection to the edge."""
        tls = ssl.create_default_context(cafile=str(self.layout.ca))
        connection = HTTPConnection("127.0.0.1", self.public.port, timeout=80)
        plain = socket.create_connection(("127.0.0.1", self.public.port), 80)
        connection.sock = tls.wrap_socket(plain, server_hostname=host)
        return connection

    def ask(
        self,
        host: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        method: str = "GET",
        body: bytes | None = None,
        header_host: str | None = None,
    ) -> Got:
        """One request; redirects are not followed."""
        connection = self.connect(host)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            connection.putheader("Host", header_host or f"{host}:{self.public.port}")
            for name, value in (headers or {}).items():
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            return Got(answer.status, answer.getheaders(), answer.read())
        finally:
            connection.close()

    def token(self, environment: str, name: str = "robot") -> str:
        """A machine's token."""
        from greenroom.ports.admitting import MachineToken

        return self.doorkeeper.create_token(MachineToken(name, environment, time.time())).reveal()

    def store(self, path: str, key_of: str | None = None, method: str = "GET") -> int:
        """The store's own answer, without a key or with that of an environment."""
        address = f"127.0.0.1:{self.public.services['s3']}"
        headers: Mapping[str, str] = {}
        if key_of:
            file = SecretFile(self.layout.root / "secrets", key_of)
            access, secret = file.get("S3_ACCESS_KEY"), file.get("S3_SECRET_KEY")
            assert access
            assert secret
            headers = signed(
                method, f"http://{address}", path, (access.reveal(), secret.reveal()), "us-east-1"
            )
        connection = HTTPConnection(address, timeout=10)
        connection.request(method, path, headers=dict(headers))
        status = connection.getresponse().status
        connection.close()
        return status


NAVIGATE = {"Accept": "text/html,*/*", "Sec-Fetch-Mode": "navigate"}


class Visitor:
    """A browser without scripts: cookies by host, redirects followed, forms sent."""

    def __init__(self, stand: Stand) -> None:
        self.stand = stand
        self.jar: dict[str, dict[str, str]] = {}
        self.walked: list[str] = []

    def cookies(self, host: str) -> str:
        return "; ".join(f"{k}={v}" for k, v in self.jar.get(host, {}).items())

    def once(self, url: str, form: bytes | None = None, **more: str) -> Got:
        """One request, with this host's cookies; those of the answer are kept."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self.walked.append(url)
        headers = {**NAVIGATE, **more}
        if self.cookies(host):
            headers["Cookie"] = self.cookies(host)
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        if parts.scheme == "http":
            return self._plain(parts.netloc, path)
        got = self.stand.ask(host, path, headers, "POST" if form is not None else "GET", form)
        for name, value in got.headers:
            if name.lower() == "set-cookie":
                self._keep(host, value)
        return got

    def go(self, url: str, form: bytes | None = None) -> Got:
        """Follow redirects to the end."""
        for _ in range(12):
            got = self.once(url, form)
            where = got.header("Location")
            if got.status not in (302, 303) or not where:
                return got
            parts = urlsplit(url)
            url, form = (f"{parts.scheme}://{parts.netloc}{where}" if where[0] == "/" else where), None
        raise AssertionError(f"a loop: {self.walked}")

    def _keep(self, host: str, header: str) -> None:
        for name, morsel in SimpleCookie(header).items():
            assert morsel["secure"]
            assert morsel["httponly"]
            assert not morsel["domain"]
            assert morsel["path"] == "/"
            assert morsel["samesite"] == "Lax"
            if morsel["max-age"] == "0":
                self.jar.get(host, {}).pop(name, None)
            else:
                self.jar.setdefault(host, {})[name] = morsel.value

    def _plain(self, netloc: str, path: str) -> Got:
        connection = HTTPConnection(netloc, timeout=10)
        connection.request("GET", path)
        answer = connection.getresponse()
        got = Got(answer.status, answer.getheaders(), answer.read())
        connection.close()
        return got


@contextmanager
def stand(root: Path) -> Iterator[Stand]:
    """Production is public; alpha and beta are private, each with an app, a static file and an upload."""
    layout = open_layout(root, None)
    (layout.root / "caddy").mkdir(exist_ok=True)
    services: dict[str, int] = {}
    for name in ("s3", "master", "volume", "filer", "admin"):
        taken = {port + d for port in services.values() for d in (0, 10_000)}
        services[name] = free_port(taken, also=10_000)
    public = PublicAddress(
        {"production": PRODUCTION}, free_port(set()), None, "127.0.0.1", services, (PRODUCTION,)
    )
    project = Project("shop", App("wsgi:app"), (Role("web", RoleKind.WEB),), (), edge=Edge())
    private = AccessPolicy(Access.PRIVATE)
    policies = {"production": AccessPolicy(), "alpha": private, "beta": private}
    made = Stand(layout, public, project, policies, {PRODUCTION: "production", ALPHA: "alpha", BETA: "beta"})
    try:
        _start(made)
        yield made
    finally:
        for name in list(made.processes):
            made.stop(name)
        shutil.rmtree(layout.short.parent, ignore_errors=True)


def _start(made: Stand) -> None:
    layout = made.layout
    for environment in made.policies:
        made.doorkeeper.publish(environment)
    made.doorkeeper.put_person("ada", Secret("correct horse"))
    secret = SecretFile(layout.root / "secrets", "_platform").get_or_make
    store = EmbeddedS3(layout.root / "s3", made.public.services, secret("ADMIN"), secret("JWT"))
    made.start("s3", store_service(layout, store))
    made.start_sign_in()
    edge = edge_service(
        layout, made.public, made.project, f"http://{store.address}/shop", find("caddy", "local"), SIGN_IN
    )
    made.start("edge", edge)
    _app(made)
    kept = Store(f"http://{store.address}", lambda: Key(ADMIN_KEY, secret("ADMIN")), this_machine().clock)
    bucket = Bucket(
        "shop",
        kept,
        issuer_of(Issuer.IAM, kept),
        lambda env: SecretFile(layout.root / "secrets", env),
        lambda env: not made.policies[env].private,
    )
    for environment in made.policies:
        bucket.ensure(environment)
        _fill(made, environment)
    until = time.monotonic() + 20
    while not layout.ca.exists():
        assert time.monotonic() < until, made.log("edge")
        time.sleep(0.02)


def _app(made: Stand) -> None:
    folder = made.layout.slot(SLOT)
    (folder / "static").mkdir(parents=True)
    (folder / "slot").write_text(SLOT)
    (folder / "static" / "plain.css").write_text("body{}")
    (made.layout.root / "app").mkdir()
    (made.layout.root / "app" / "wsgi.py").write_text(WSGI)
    conf = Path(sys.modules["greenroom.drivers.local.slot_units"].__file__ or "").parent / "server"
    argv = [
        sys.executable,
        "-m",
        "gunicorn",
        "--config",
        str(conf / "gunicorn_conf.py"),
        "--no-control-socket",
    ]
    env = {**os.environ, "GREENROOM_SLOT": SLOT}
    made.spawn(
        "app",
        [*argv, "--bind", f"unix:{folder}/web.sock", "--threads", "8", "wsgi:app"],
        str(made.layout.root / "app"),
        env,
    )
    for environment in made.policies:
        place = made.layout.edge(environment)
        (place / "assets").mkdir(parents=True, exist_ok=True)
        (place / "assets" / "app.0123456789.css").write_text("body{}")
        replace_link(place / "live", str(folder))
    until = time.monotonic() + 20
    while not (folder / "web.sock").exists():
        assert time.monotonic() < until, made.log("app")
        time.sleep(0.02)


def _fill(made: Stand, environment: str) -> None:
    import boto3

    file = SecretFile(made.layout.root / "secrets", environment)
    access, secret = file.get("S3_ACCESS_KEY"), file.get("S3_SECRET_KEY")
    assert access
    assert secret
    s3 = boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{made.public.services['s3']}",
        aws_access_key_id=access.reveal(),
        aws_secret_access_key=secret.reveal(),
        region_name="us-east-1",
    )
    label = f"shop-{environment}"
    for name in ("public/lamp.png", "public/a lamp+ü~.png", "private/ledger.txt"):
        s3.put_object(Bucket=label, Key=name, Body=PICTURE, ContentType="image/png")
    s3.close()
