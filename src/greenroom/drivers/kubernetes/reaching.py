"""How an API server is reached: its address, its certificate, a proxy on the way, and in whose name."""

from __future__ import annotations

import base64
import http.client
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from urllib.parse import unquote, urlsplit

from greenroom.domain.errors import Exit, GreenroomError

HeaderLines = tuple[tuple[str, str], ...]
"""Headers of which several may have the same name."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy that opens a way through (CONNECT); ``headers`` say to it who asks."""

    host: str
    port: int
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Cluster:
    """An API server: ``host`` and ``port``, how to trust it (None: plain HTTP), and the headers that say who asks.

    ``server_name``: what its certificate is of, when that is not the host; ``impersonating``: in whose name is asked instead.
    """

    host: str
    port: int
    tls: ssl.SSLContext | None
    headers: Mapping[str, str]
    base: str = ""
    server_name: str = ""
    proxy: Proxy | None = None
    impersonating: HeaderLines = ()

    def connection(self) -> http.client.HTTPConnection:
        """A new one, which is opened by its first request."""
        first, port = (self.proxy.host, self.proxy.port) if self.proxy else (self.host, self.port)
        made = _Plain(first, port, self) if self.tls is None else _Secure(first, port, self)
        if self.proxy is not None:
            made.set_tunnel(self.host, self.port, dict(self.proxy.headers))
        return made


class _Plain(http.client.HTTPConnection):
    """Adds the headers that a mapping cannot hold."""

    def __init__(self, host: str, port: int, cluster: Cluster) -> None:
        super().__init__(host, port)
        self._cluster = cluster

    def putrequest(
        self, method: str, url: str, skip_host: bool = False, skip_accept_encoding: bool = False
    ) -> None:
        super().putrequest(method, url, skip_host, skip_accept_encoding)
        for name, value in self._cluster.impersonating:
            self.putheader(name, value)


class _Secure(_Plain):
    """TLS with the server itself, whoever carries it."""

    default_port = 443

    def connect(self) -> None:
        super().connect()
        assert self._cluster.tls is not None
        name = self._cluster.server_name or self._cluster.host
        self.sock = self._cluster.tls.wrap_socket(self.sock, server_hostname=name)


def proxy_of(server: Mapping[str, object], host: str, port: int, environ: Mapping[str, str]) -> Proxy | None:
    """The kubeconfig's own (``proxy-url``), else that of the environment, unless ``NO_PROXY`` leaves the host out; as kubectl and
    helm choose. Raises (exit 2) for one of a kind that cannot be spoken to."""
    url, secure = str(server.get("proxy-url") or ""), str(server.get("server", "")).startswith("https:")
    if not url and secure and not _left_out(host, port, environ):
        url = environ.get("HTTPS_PROXY") or environ.get("https_proxy") or ""
    if not url:
        return None
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme != "http" or not parts.hostname or not secure:
        raise GreenroomError(
            "no-cluster",
            f"the way to the cluster leads through a proxy that Greenroom cannot use: {parts.scheme}://{parts.hostname}",
            "an http:// proxy before an https:// server in proxy-url or HTTPS_PROXY, or NO_PROXY with the server's name",
            Exit.USAGE,
        )
    told: dict[str, str] = {}
    if parts.username:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        told["Proxy-Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    return Proxy(parts.hostname, parts.port or 80, told)


def _left_out(host: str, port: int, environ: Mapping[str, str]) -> bool:
    """By the rules of Go's programs: this machine always, then names with all below them, addresses and ranges."""
    address = None
    try:
        address = ip_address(host)
    except ValueError:
        if host == "localhost":
            return True
    if address is not None and address.is_loopback:
        return True
    words = (environ.get("NO_PROXY") or environ.get("no_proxy") or "").lower().split(",")
    return any(_covers(word.strip(), host.lower(), port) for word in words if word.strip())


def _covers(word: str, host: str, port: int) -> bool:
    if word == "*":
        return True
    try:
        return ip_address(host) in ip_network(word, strict=False)
    except ValueError:
        pass
    name, _, number = word.partition(":")
    bare = name.removeprefix("*").removeprefix(".")
    below = host.endswith(f".{bare}")
    return number in ("", str(port)) and (below or (host == bare and name == bare))


def impersonated(user: Mapping[str, object]) -> HeaderLines:
    """The headers for ``as``, ``as-uid``, ``as-groups`` and ``as-user-extra`` of a kubeconfig's user."""
    lines = [("Impersonate-User", user.get("as")), ("Impersonate-Uid", user.get("as-uid"))]
    groups, extra = user.get("as-groups"), user.get("as-user-extra")
    lines += [("Impersonate-Group", group) for group in (groups if isinstance(groups, list) else ())]
    for key, values in (extra if isinstance(extra, dict) else {}).items():
        lines += [(f"Impersonate-Extra-{key}", value) for value in values]
    return tuple((name, str(value)) for name, value in lines if value)
