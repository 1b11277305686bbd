"""Do the environments' names lead to the cluster's edge, and does its certificate cover them?"""

from __future__ import annotations

import secrets
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence

from greenroom.domain.cluster import ClusterEdge, EdgeMode
from greenroom.domain.dns import is_public
from greenroom.domain.findings import Finding, Severity
from greenroom.drivers.kubernetes.api import Json
from greenroom.ports import Clock

ASK_SECONDS = 5.0
SOON_DAYS = 14.0
"""A certificate that ends sooner should have been renewed: cert-manager does it with a third of its time left."""

Resolve = Callable[[str], frozenset[str]]
"""The addresses of a name; empty when it has none."""


def edge_addresses(read: Callable[[str], Json | None], edge: ClusterEdge) -> tuple[str, ...]:
    """Where the Gateway says that it is reached: addresses and names; empty when it does not say or is not asked."""
    space, _, name = edge.gateway.rpartition("/")
    if edge.mode is not EdgeMode.GATEWAY or not space:
        return ()
    found = read(f"/apis/gateway.networking.k8s.io/v1/namespaces/{space}/gateways/{name}") or {}
    return tuple(a["value"] for a in (found.get("status") or {}).get("addresses") or () if a.get("value"))


def resolved(name: str) -> frozenset[str]:
    """By the resolver of this machine."""
    try:
        return frozenset(
            str(found[4][0]) for found in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
        )
    except OSError:
        return frozenset()


class Naming:
    """``hosts``: names, or wildcards, for which some label is made up; ``addresses``: those of the edge, if it says them."""

    def __init__(
        self,
        hosts: Sequence[str],
        edge: ClusterEdge,
        addresses: Callable[[], Sequence[str]],
        clock: Clock,
        resolve: Resolve = resolved,
    ) -> None:
        self._hosts, self._edge, self._addresses = hosts, edge, addresses
        self._clock, self._resolve = clock, resolve

    def dns(self) -> Iterator[Finding]:
        """Names that do not lead to the edge. Those below ``localhost`` are nobody's business but this machine's."""
        public = [host for host in self._hosts if is_public(host)]
        wanted = (
            frozenset().union(*(self._of(value) for value in self._addresses())) if public else frozenset()
        )
        for host in public:
            found = self._resolve(_some(host))
            if not found:
                yield _dns(
                    host, Severity.PROBLEM, f"{host} has no address", "there is no such record, or not yet"
                )
            elif wanted and not found & wanted:
                where = ", ".join(sorted(found))
                yield _dns(
                    host,
                    Severity.WARNING,
                    f"{host} leads to {where}, and the edge says that it is at {', '.join(sorted(wanted))}",
                    "the record is of another edge, or something stands in front of this one",
                )

    def certificate(self) -> Iterator[Finding]:
        """Names for which the edge shows no certificate that holds."""
        for host in self._hosts:
            try:
                ends = _certificate_end(_some(host), self._edge)
            except ssl.SSLCertVerificationError as error:
                yield _certificate(
                    host, Severity.PROBLEM, f"no visitor can trust {host}: {error.verify_message}"
                )
            except OSError as error:
                yield _certificate(host, Severity.PROBLEM, f"the edge does not answer for {host}: {error}")
            else:
                days = (ends - self._clock.now()) / 86400
                if days < SOON_DAYS:
                    yield _certificate(
                        host, Severity.WARNING, f"the certificate of {host} ends in {days:.0f} days"
                    )

    def _of(self, value: str) -> frozenset[str]:
        return (
            self._resolve(value)
            if not value.replace(".", "").isdigit() and ":" not in value
            else frozenset({value})
        )


def _some(host: str) -> str:
    """The host itself; for a wildcard some name that it covers, which no cache knows."""
    return f"greenroom-{secrets.token_hex(4)}{host[1:]}" if host.startswith("*.") else host


def _certificate_end(host: str, edge: ClusterEdge) -> float:
    """When the certificate that the edge shows for the host ends, in seconds since the epoch; raises when it does not hold."""
    context = ssl.create_default_context(cafile=edge.ca_file)
    with (
        socket.create_connection((edge.address or host, edge.port), ASK_SECONDS) as link,
        context.wrap_socket(link, server_hostname=host) as secure,
    ):
        shown = secure.getpeercert() or {}
        return ssl.cert_time_to_seconds(str(shown["notAfter"]))


def _dns(host: str, severity: Severity, message: str, cause: str) -> Finding:
    return Finding("dns", severity, message, cause, f"make the record: greenroom cluster dns (for {host})")


def _certificate(host: str, severity: Severity, message: str) -> Finding:
    cause = "the Secret of the edge's listener holds another certificate, none, or one that nobody renews"
    return Finding(
        "certificates", severity, message, cause, f"a certificate for {host}: greenroom cluster dns"
    )
