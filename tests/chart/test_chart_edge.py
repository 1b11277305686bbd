"""The chart behind a real edge: TLS ends there, plain requests are sent to it, and only what the edge says of a visitor counts.

`GREENROOM_CHART_EDGE` names a Traefik's plain and TLS ports on loopback, and what they are inside: ``18080:8000,18443:8443``.
"""

from __future__ import annotations

import http.client
import os
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from chart_of import merged
from installed import ask, bring, kubectl, own_example, own_namespace

PATIENCE_SECONDS = 20.0
"""An edge learns of a route some time after Helm has returned."""


class Edge(NamedTuple):
    """Ports on loopback and the edge's own; where pods see it come from; a host and its namespace."""

    plain: int
    secure: int
    plain_inside: int
    secure_inside: int
    ranges: list[str]
    namespace: str

    @property
    def host(self) -> str:
        """A name of this test's alone: the edge may serve others."""
        return f"{self.namespace}.localhost"

    def link(self, port: int) -> http.client.HTTPConnection:
        """A new connection; nobody's authority signed the test's certificate."""
        if port == self.plain:
            return http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        trust = ssl.create_default_context()
        trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
        return http.client.HTTPSConnection("127.0.0.1", port, timeout=20, context=trust)

    def get(self, port: int, **headers: str) -> tuple[int, str | None]:
        """Status and slot."""
        link = self.link(port)
        try:
            return ask(link, "/", Host=self.host, **headers)
        finally:
            link.close()

    def wait(self, port: int, wanted: tuple[int, str | None], **headers: str) -> None:
        """Until the edge answers so."""
        end, seen = time.monotonic() + PATIENCE_SECONDS, None
        while time.monotonic() < end:
            try:
                seen = self.get(port, **headers)
            except OSError as error:
                seen = (0, str(error))
            if seen == wanted:
                return
            time.sleep(0.2)
        raise AssertionError(f"{seen}, not {wanted}")

    def values(self, slot: str, edge: dict[str, Any], access: dict[str, Any]) -> dict[str, Any]:
        """The page's example behind this edge."""
        more = {"edge": {"host": self.host, **edge}, "access": access, "colors": {"blue": {"slot": slot}}}
        return merged(own_example(), more)

    def gateway(self) -> dict[str, Any]:
        """A Gateway of the chart's own, with TLS."""
        ports = {"httpPort": self.plain_inside, "httpsPort": self.secure_inside}
        nobody = {"name": "", "namespace": "", "section": "", "httpSection": ""}
        return {"mode": "gateway", "gateway": {**nobody, **ports}, "tls": {"secret": "shop-tls"}}


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """A namespace with a certificate in it."""
    told = os.environ.get("GREENROOM_CHART_EDGE")
    if not told:
        pytest.skip("GREENROOM_CHART_EDGE names no edge: 18080:8000,18443:8443")
    (plain, plain_in), (secure, secure_in) = (map(int, pair.split(":")) for pair in told.split(","))
    with own_namespace() as name:
        folder = tmp_path_factory.mktemp("tls")
        certificate(folder, f"{name}.localhost")
        files = (f"--cert={folder / 'tls.crt'}", f"--key={folder / 'tls.key'}")
        kubectl(name, "create", "secret", "tls", "shop-tls", *files)
        ranges = kubectl(name, "get", "node", "-o", "jsonpath={.items[*].spec.podCIDR}").split()
        yield Edge(plain, secure, plain_in, secure_in, ranges, name)


def certificate(folder: Path, host: str) -> None:
    """One that signs itself."""
    words = f"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN={host}"
    names = ("-addext", f"subjectAltName=DNS:{host}", "-keyout", "tls.key", "-out", "tls.crt")
    subprocess.run(["openssl", *words.split(), *names], cwd=folder, check=True, capture_output=True)


def test_a_gateway_ends_tls_and_sends_plain_requests_there(edge: Edge) -> None:
    bring(edge.namespace, edge.values("1", edge.gateway(), {}))
    edge.wait(edge.secure, (200, "1"))
    edge.wait(edge.plain, (301, None))


def test_an_ingress_answers_both(edge: Edge) -> None:
    bring(edge.namespace, edge.values("2", {"mode": "ingress", "tls": {"secret": "shop-tls"}}, {}))
    edge.wait(edge.secure, (200, "2"))
    edge.wait(edge.plain, (308, "2"))


def test_only_the_edge_says_where_a_visitor_is(edge: Edge) -> None:
    door = {"mode": "basic", "htpasswdSecret": "door", "edgeRanges": edge.ranges}
    bring(edge.namespace, edge.values("3", edge.gateway(), {**door, "allow": ["192.0.2.0/24"]}))
    edge.wait(edge.secure, (401, "3"))
    for name in ("X_Forwarded_For", "X_Real_IP", "Forwarded", "X_Greenroom_Address"):
        assert edge.get(edge.secure, **{name: "192.0.2.7"}) == (401, "3")
    assert edge.get(edge.secure, Authorization="Basic YW5uYTpzZWNyZXQ=") == (200, "3")
    bring(edge.namespace, edge.values("4", edge.gateway(), {**door, "allow": ["127.0.0.0/8"]}))
    edge.wait(edge.secure, (200, "4"))
