"""The chart's own nginx.conf under a real nginx on loopback, with a small app behind it and a name server beside it."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from chart_of import NAME, by_name, rendered

PORTS = (8080, 8081, 8082, 8083)


class Echo(BaseHTTPRequestHandler):
    """Answers with the request that it got; stands for gunicorn, for a bucket, for a service that knows who may."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        status = 401 if self.path == "/oauth2/auth" and "in" not in (self.headers["Cookie"] or "") else 200
        told = {"path": self.path, "headers": {k.lower(): v for k, v in self.headers.items()}}
        body = json.dumps(told).encode()
        self.send_response(404 if "/nothing" in self.path else status)
        self.send_header("X-Release", "the-app-says-so-too")
        if self.path == "/oauth2/auth":
            self.send_header("Set-Cookie", "renewed=1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


MODULES = ("http_realip", "http_auth_request", "http_gzip_static")


def nginx_binary() -> str | None:
    """An nginx with the modules that every distribution's has; None where there is none."""
    found = shutil.which(os.environ.get("GREENROOM_NGINX") or "nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        return None
    told = subprocess.run([found, "-V"], capture_output=True, text=True, check=False).stderr
    return found if all(module in told for module in MODULES) else None


def serve_names() -> int:
    """A name server that knows one address, 127.0.0.1, for every name; its port."""
    door = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    door.bind(("127.0.0.1", 0))

    def answer() -> None:
        while True:
            asked, client = door.recvfrom(512)
            end = asked.index(0, 12) + 5
            ours = asked[end - 4 : end - 2] == b"\x00\x01"
            head = asked[:2] + b"\x81\x80\x00\x01" + (b"\x00\x01" if ours else b"\x00\x00") + b"\x00" * 4
            record = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x05\x00\x04\x7f\x00\x00\x01"
            door.sendto(head + asked[12:end] + (record if ours else b""), client)

    threading.Thread(target=answer, daemon=True).start()
    return int(door.getsockname()[1])


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def serve_echo() -> ThreadingHTTPServer:
    """An echo on a port of its own, until the test ends it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


class Nginx:
    """nginx of one colour, its four ports on loopback; ``other`` is where the other colour's files are."""

    def __init__(self, folder: Path, values: Mapping[str, Any], color: str, app: int, other: int = 1) -> None:
        binary = nginx_binary()
        assert binary is not None
        self.ports = {port: free_port() for port in PORTS}
        (folder / "static").mkdir(parents=True)
        (folder / "mime.types").write_text("types { text/css css; }\n")
        (folder / "names.conf").write_text(
            f"resolver 127.0.0.1:{serve_names()};\nmap '' $namespace_domain {{ default 'test.svc'; }}\n"
            "map '' $services_domain { default 'svc.cluster.test'; }\n"
        )
        (folder / "htpasswd").write_text("anna:{PLAIN}secret\n")
        text = config(values, color)
        for port, here in self.ports.items():
            text = text.replace(f"listen {port};", f"listen 127.0.0.1:{here};")
            text = text.replace(f'"{port} ', f'"{here} ').replace(f'"~^{port} ', f'"~^{here} ')
        for old, new in {
            "/tmp/": f"{folder}/",
            "127.0.0.1:8000": f"127.0.0.1:{app}",
            "$namespace_domain:8083": f"$namespace_domain:{other}",
            "/etc/nginx/mime.types": f"{folder}/mime.types",
            "/etc/greenroom-htpasswd/": f"{folder}/",
            "alias /static/": f"alias {folder}/static/",
            "/run/greenroom/": f"{folder}/",
            "/dev/stdout": f"{folder}/access.log",
            "/dev/stderr": f"{folder}/error.log",
        }.items():
            text = text.replace(old, new)
        self.folder = folder
        (folder / "nginx.conf").write_text("user root;\n" + text)
        argv = [binary, "-e", folder / "error.log", "-p", folder, "-c", folder / "nginx.conf"]
        self.process = subprocess.Popen([str(word) for word in argv], stderr=subprocess.DEVNULL)
        self._wait()

    def _wait(self) -> None:
        for _ in range(100):
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", self.ports[8080])) == 0:
                    return
            assert self.process.poll() is None, (self.folder / "error.log").read_text()
            time.sleep(0.05)
        raise AssertionError("nginx does not listen")

    def get(self, path: str, port: int = 8080, **headers: str) -> tuple[int, dict[str, str], str]:
        """Status, headers (small letters) and text of an answer. ``_`` in a header's name stands for ``-``."""
        link = http.client.HTTPConnection("127.0.0.1", self.ports[port], timeout=20)
        link.request("GET", path, headers={name.replace("_", "-"): told for name, told in headers.items()})
        answer = link.getresponse()
        releases = answer.headers.get_all("X-Release") or []
        assert port in (8082, 8083) or len(releases) == 1, releases
        found = {name.lower(): told for name, told in answer.getheaders()}
        text = answer.read().decode()
        link.close()
        return answer.status, found, text

    def log(self) -> list[dict[str, Any]]:
        """What the access log has."""
        return [json.loads(line) for line in (self.folder / "access.log").read_text().splitlines()]

    def end(self) -> None:
        """SIGQUIT, as the image says, and wait."""
        self.process.send_signal(3)
        self.process.wait(20)


def config(values: Mapping[str, Any], color: str) -> str:
    """A colour's nginx.conf."""
    found = by_name(rendered(values))
    return next(
        str(one["data"]["nginx.conf"])
        for (kind, name), one in found.items()
        if kind == "ConfigMap" and name.startswith(f"{NAME}-{color}-nginx-")
    )
