"""Sockets: free ports, and small HTTP requests over unix sockets or TLS to this machine."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer: status, headers in lower case, the first 64 KiB of the body."""

    status: int
    headers: Mapping[str, str]
    body: str


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class _PinnedTls(http.client.HTTPSConnection):
    """TLS to 127.0.0.1 under another name: ``*.localhost`` does not resolve everywhere."""

    def __init__(self, name: str, port: int, context: ssl.SSLContext, timeout: float, address: str) -> None:
        super().__init__(name, port, context=context, timeout=timeout)
        self._tls = context
        self._address = address

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), self.timeout)
        self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)


def _ask(
    connection: http.client.HTTPConnection,
    path: str,
    headers: Mapping[str, str],
    method: str,
    body: str | None = None,
) -> Answer:
    try:
        connection.request(method, path, body, headers=dict(headers))
        response = connection.getresponse()
        text = response.read(65536).decode("utf-8", "replace")
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, text)
    except http.client.HTTPException as error:
        raise ConnectionError(f"no HTTP answer: {error!r}") from error
    finally:
        connection.close()


def ask_unix(
    socket_path: str,
    path: str,
    headers: Mapping[str, str] | None = None,
    timeout: float = 5.0,
    method: str = "GET",
    body: str | None = None,
) -> Answer:
    """One request over a unix socket. Raises OSError when there is no answer."""
    sent = {"Host": "localhost", **(headers or {})}
    return _ask(_UnixConnection(socket_path, timeout), path, sent, method, body)


def ask_tls(
    name: str,
    port: int,
    path: str,
    ca_file: str | None,
    timeout: float = 5.0,
    address: str = "127.0.0.1",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """One request over verified TLS to ``address``, asking for ``name``. Raises OSError when there is no answer."""
    context = ssl.create_default_context(cafile=ca_file)
    host = name if port == 443 else f"{name}:{port}"
    sent = {"Host": host, **(headers or {})}
    return _ask(_PinnedTls(name, port, context, timeout, address), path, sent, "GET")


def served_certificate(
    name: str, port: int, ca_file: str | None, address: str = "127.0.0.1", timeout: float = 5.0
) -> tuple[bytes, float, float, str]:
    """The certificate that is served for ``name``: DER, begin, end (seconds since the epoch), and why it is refused.

    One that is refused has its times as 0. Authorities are the machine's own and ``ca_file``. Raises OSError when
    nobody answers.
    """
    trusting = ssl.create_default_context()
    if ca_file:
        trusting.load_verify_locations(ca_file)
    try:
        der, fields = _handshake(name, port, trusting, address, timeout)
    except ssl.SSLCertVerificationError as error:
        blind = ssl.create_default_context()
        blind.check_hostname, blind.verify_mode = False, ssl.CERT_NONE
        return _handshake(name, port, blind, address, timeout)[0], 0.0, 0.0, error.verify_message
    begins, ends = (ssl.cert_time_to_seconds(str(fields[k])) for k in ("notBefore", "notAfter"))
    return der, float(begins), float(ends), ""


def _handshake(
    name: str, port: int, context: ssl.SSLContext, address: str, timeout: float
) -> tuple[bytes, Mapping[str, object]]:
    with (
        socket.create_connection((address, port), timeout) as plain,
        context.wrap_socket(plain, server_hostname=name) as tls,
    ):
        return tls.getpeercert(binary_form=True) or b"", dict(tls.getpeercert() or {})


def is_free(port: int, bind: str = "127.0.0.1") -> bool:
    """May this process listen on the port now (TCP and UDP)?"""
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            if kind == socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((bind, port))
            except OSError:
                return False
    return True


def free_port(taken: set[int], bind: str = "127.0.0.1", also: int = 0) -> int:
    """A free port that is not in ``taken``; with ``also``, one whose number plus ``also`` is free too.

    Taken from 15000 to 31999, below the range from which Linux picks the ports of outgoing connections.
    """
    import random

    for _ in range(2000):
        port = random.randrange(15000, 32000)  # noqa: S311 - a port is no secret
        wanted = {port, port + also}
        if not wanted & taken and all(is_free(p, bind) for p in wanted):
            return port
    raise OSError("no free port between 15000 and 31999")


def listens(port: int, address: str = "127.0.0.1") -> bool:
    """Does somebody answer on that TCP port?"""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((address, port)) == 0


def listens_unix(path: str) -> bool:
    """Does somebody answer on that unix socket?"""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(path) == 0


def unix_table() -> str:
    """The kernel's table of unix sockets as it is now; :func:`count_unix` reads it. Linux only."""
    return Path("/proc/net/unix").read_text(encoding="ascii", errors="replace")


def count_unix(table: str, suffix: str) -> int:
    """Connections open on the unix socket whose path ends in ``suffix``.

    State 02 and 03 are connecting and connected, 01 is the listener.
    """
    lines = (line.split() for line in table.splitlines())
    return sum(1 for f in lines if len(f) == 8 and f[7].endswith(suffix) and f[5] in {"02", "03"})


def tcp_table() -> str:
    """The kernel's table of IPv4 TCP sockets as it is now; :func:`count_tcp` reads it. Linux only."""
    return Path("/proc/net/tcp").read_text(encoding="ascii")


def count_tcp(table: str, port: int) -> int:
    """Established connections to that port of this machine; 01 is established."""
    fields = (line.split() for line in table.splitlines()[1:])
    return sum(1 for f in fields if f[1].endswith(f":{port:04X}") and f[3] == "01")


def in_flight(suffix: str) -> int:
    """Connections open now on the unix socket whose path ends in ``suffix``.

    With upstream keep-alive off, a connection is a request.
    """
    return count_unix(unix_table(), suffix)
