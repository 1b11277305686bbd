"""Names that lead to the edge, and certificates that cover them: against a real TLS server."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from greenroom.domain.cluster import ClusterEdge, EdgeMode
from greenroom.domain.findings import Severity
from greenroom.drivers.kubernetes.naming import Naming, edge_addresses, resolved
from greenroom.drivers.system.clock import SystemClock
from tls_keys import Keys, make_keys

KNOWN = {
    "shop.example.org": {"192.0.2.10"},
    "lb.example.com": {"192.0.2.10"},
    "old.example.org": {"203.0.113.5"},
}


def naming(*hosts: str, edge: ClusterEdge | None = None, at: tuple[str, ...] = ("lb.example.com",)) -> Naming:
    def resolve(name: str) -> frozenset[str]:
        return frozenset(KNOWN.get(name, {"192.0.2.10"} if name.endswith(".dev.example.org") else ()))

    return Naming(hosts, edge or ClusterEdge(), lambda: at, SystemClock(), resolve)


@contextmanager
def served(keys: Keys) -> Iterator[int]:
    """A TLS server on the loopback that says nothing."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                link, _ = listener.accept()
            except OSError:
                return
            with suppress(OSError), keys.context().wrap_socket(link, server_side=True) as secure:
                secure.recv(1)

    serving = threading.Thread(target=serve, daemon=True)
    serving.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        listener.shutdown(socket.SHUT_RDWR)  # closing alone does not wake who accepts
        serving.join()
        listener.close()


def test_names_lead_to_the_edge_or_are_told() -> None:
    assert list(naming("shop.example.org", "*.dev.example.org", "shop.localhost").dns()) == []
    missing, elsewhere = naming("new.example.org", "old.example.org").dns()
    assert (missing.severity, missing.message) == (Severity.PROBLEM, "new.example.org has no address")
    assert elsewhere.severity is Severity.WARNING
    assert "203.0.113.5" in elsewhere.message
    assert "greenroom cluster dns" in elsewhere.cure


def test_where_the_edge_does_not_say_its_address_only_missing_names_are_told() -> None:
    assert [f.severity for f in naming("old.example.org", "new.example.org", at=()).dns()] == [
        Severity.PROBLEM
    ]


def test_certificates_cover_the_names(tmp_path: Path) -> None:
    keys = make_keys(tmp_path, "shop.example.org", "*.dev.example.org")
    with served(keys) as port:
        edge = ClusterEdge(address="127.0.0.1", port=port, ca_file=str(keys.ca))
        soon = list(naming("shop.example.org", "*.dev.example.org", edge=edge).certificate())
        assert [f.severity for f in soon] == [Severity.WARNING, Severity.WARNING]
        assert "ends in" in soon[0].message
        (other,) = naming("*.fb.dev.example.org", edge=edge).certificate()
        assert other.severity is Severity.PROBLEM
        assert "no visitor can trust *.fb.dev.example.org" in other.message
        stranger = ClusterEdge(address="127.0.0.1", port=port)
        assert "no visitor can trust" in next(naming("shop.example.org", edge=stranger).certificate()).message
    (away,) = naming("shop.example.org", edge=edge).certificate()
    assert "the edge does not answer" in away.message


def test_the_gateway_says_where_it_is() -> None:
    status = {"status": {"addresses": [{"type": "IPAddress", "value": "192.0.2.10"}]}}
    assert edge_addresses(lambda _: status, ClusterEdge(gateway="edge/public")) == ("192.0.2.10",)
    assert edge_addresses(lambda _: None, ClusterEdge(gateway="edge/public")) == ()
    assert edge_addresses(lambda _: status, ClusterEdge(mode=EdgeMode.NONE)) == ()


def test_the_resolver_of_this_machine() -> None:
    assert resolved("localhost") & {"127.0.0.1", "::1"}
    assert resolved("greenroom.invalid") == frozenset()
