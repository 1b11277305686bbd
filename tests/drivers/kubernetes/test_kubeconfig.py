"""What a kubeconfig says of the way to its server: the name in its certificate, a proxy, in whose name is asked."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from listening import listening

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.drivers.kubernetes.api import Api
from greenroom.drivers.kubernetes.kubeconfig import cluster_of
from greenroom.drivers.system.clock import SystemClock
from tls_keys import make_keys

NAME = "api.shop.localhost"


@dataclass
class Stand:
    """A server that remembers the headers that it was sent, and a proxy that remembers whereto it was asked to lead."""

    ca: Path
    port: int
    headers: list[list[tuple[str, str]]] = field(default_factory=list)
    led: list[tuple[str, str]] = field(default_factory=list)
    proxy: int = 0

    def asked(self, folder: Path, server: dict[str, Any], user: dict[str, Any], **environ: str) -> Any:
        """The server's answer by a kubeconfig that says this."""
        said = {"server": f"https://127.0.0.1:{self.port}", "certificate-authority": str(self.ca), **server}
        config = {
            "clusters": [{"name": "c", "cluster": said}],
            "users": [{"name": "u", "user": user}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        }
        (folder / "config").write_text(json.dumps(config))
        env = {"KUBECONFIG": str(folder / "config"), **environ}
        api = Api(lambda: cluster_of(env), SystemClock(), print)
        try:
            return api.ask("/version", {}, 10.0)
        finally:
            api.close()


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    keys = make_keys(tmp_path_factory.mktemp("keys"), NAME)
    made = Stand(keys.ca, 0)

    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.headers.append(list(self.headers.items()))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    class Way(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            made.led.append((self.path, self.headers.get("Proxy-Authorization", "")))
            self.send_response(200)
            self.end_headers()
            with socket.create_connection(("127.0.0.1", made.port)) as there:
                back = threading.Thread(target=_carry, args=(there, self.connection))
                back.start()
                _carry(self.connection, there)
                back.join()
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    with listening(Server, keys.context()) as made.port, listening(Way) as made.proxy:
        yield made


def _carry(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        """The other side has gone."""


NAMED = {"tls-server-name": NAME}


def test_the_certificate_is_of_the_name_that_is_told(stand: Stand, tmp_path: Path) -> None:
    assert stand.asked(tmp_path, NAMED, {}).status == 200
    with pytest.raises(ssl.SSLCertVerificationError):
        stand.asked(tmp_path, {}, {})


def test_somebody_else_is_asked_for(stand: Stand, tmp_path: Path) -> None:
    user = {"token": "t", "as": "anna", "as-groups": ["dev", "ops"], "as-user-extra": {"why": ["test"]}}
    stand.asked(tmp_path, NAMED, user)
    sent = stand.headers[-1]
    assert [pair for pair in sent if pair[0].startswith("Impersonate")] == [
        ("Impersonate-User", "anna"),
        ("Impersonate-Group", "dev"),
        ("Impersonate-Group", "ops"),
        ("Impersonate-Extra-why", "test"),
    ]
    assert ("Authorization", "Bearer t") in sent


@pytest.mark.parametrize("by", ["proxy-url", "HTTPS_PROXY"])
def test_a_proxy_leads_to_the_server_and_sees_nothing(stand: Stand, tmp_path: Path, by: str) -> None:
    url = f"http://me:pass%20word@127.0.0.1:{stand.proxy}"
    server = {**NAMED, "server": f"https://{NAME}:6443", **({by: url} if by == "proxy-url" else {})}
    environ = {by: url} if by != "proxy-url" else {"NO_PROXY": "*"}
    assert stand.asked(tmp_path, server, {"token": "t"}, **environ).status == 200
    assert stand.led[-1] == (f"{NAME}:6443", "Basic bWU6cGFzcyB3b3Jk")
    assert dict(stand.headers[-1])["Host"] == f"{NAME}:6443"


@pytest.mark.parametrize("left_out", ["127.0.0.1", "", "10.0.0.0/8"])
def test_this_machine_is_never_behind_a_proxy(stand: Stand, tmp_path: Path, left_out: str) -> None:
    before = len(stand.led)
    assert stand.asked(tmp_path, NAMED, {}, HTTPS_PROXY="http://127.0.0.1:1", NO_PROXY=left_out).status == 200
    assert len(stand.led) == before


@pytest.mark.parametrize(
    ("host", "words", "direct"),
    [
        ("api.example.org", "example.org", True),
        ("api.example.org", ".example.org", True),
        ("example.org", ".example.org", False),
        ("api.example.org", "*.example.org", True),
        ("api.example.org", "ample.org", False),
        ("api.example.org", "other.org, api.example.org:6443", True),
        ("api.example.org", "api.example.org:443", False),
        ("10.1.2.3", "10.0.0.0/8", True),
        ("10.1.2.3", "192.0.2.0/24", False),
        ("10.1.2.3", "*", True),
    ],
)
def test_who_is_left_out(tmp_path: Path, host: str, words: str, direct: bool) -> None:
    (tmp_path / "config").write_text(
        f"clusters: [{{name: c, cluster: {{server: 'https://{host}:6443'}}}}]\n"
        "contexts: [{name: x, context: {cluster: c}}]\ncurrent-context: x\n"
    )
    environ = {"KUBECONFIG": str(tmp_path / "config"), "HTTPS_PROXY": "proxy.test:3128", "NO_PROXY": words}
    found = cluster_of(environ)
    assert (found.proxy is None) == direct
    if found.proxy is not None:
        assert (found.proxy.host, found.proxy.port) == ("proxy.test", 3128)


@pytest.mark.parametrize("url", ["socks5://127.0.0.1:1080", "https://proxy.test"])
def test_a_proxy_of_another_kind_is_refused(stand: Stand, tmp_path: Path, url: str) -> None:
    with pytest.raises(GreenroomError) as told:
        stand.asked(tmp_path, {**NAMED, "proxy-url": url}, {})
    assert told.value.exit is Exit.USAGE
    assert url.rpartition(":")[0] in told.value.message or url in told.value.message
