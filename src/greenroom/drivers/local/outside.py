"""Asking like somebody who has not signed in: every kind of address at the edge, and an upload at the store."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from greenroom.domain.access import Doorkeeping, address_allowed
from greenroom.domain.errors import GreenroomError
from greenroom.domain.inspected import Outside
from greenroom.drivers.local.edge_door import OPEN
from greenroom.drivers.local.layout import Layout
from greenroom.drivers.local.public import PublicAddress
from greenroom.drivers.local.secrets import SecretFile
from greenroom.drivers.system.machine import Net
from greenroom.drivers.system.net import Answer
from greenroom.drivers.system.signing import signed

ASK_SECONDS = 15.0
UPLOAD = "greenroom-probe"
"""An upload that is not there: a store that lets everybody read says 404, one that does not 403."""


class LocalOutside:
    """``net`` reaches the edge; the store is asked itself, since every process of this machine reaches it."""

    def __init__(
        self,
        layout: Layout,
        net: Net,
        public: PublicAddress,
        static_url: str,
        keeping: Callable[[], Doorkeeping],
    ) -> None:
        self._layout, self._net, self._public, self._static = layout, net, public, static_url
        self._keeping = keeping

    def look(self, environment: str) -> Outside:
        """What the environment shows. Raises GreenroomError when edge or store do not answer."""
        keeping = self._keeping()
        policy = keeping.policies[environment]
        if policy.private and address_allowed(policy, self._public.address):
            return Outside(private=True, exempt=True)
        host = next(h for h, e in sorted(keeping.hosts.items()) if e == environment)
        stopped = {p: self._stopped(keeping, host, p) for p in self._paths(environment)}
        return Outside(
            policy.private,
            tuple(p for p, shut in stopped.items() if not shut),
            tuple(p for p, shut in stopped.items() if shut),
            tuple(self._readable(keeping, environment)) if policy.private else (),
            hidden=not (self._layout.edge(environment) / OPEN).exists(),
        )

    def _paths(self, environment: str) -> list[str]:
        assets = self._layout.edge(environment) / "assets"
        names = sorted(str(p.relative_to(assets)) for p in assets.rglob("*") if p.is_file())
        static = f"{self._static}{names[0]}" if names else f"{self._static}app.css"
        return ["/", static, f"/media/{UPLOAD}", "/api/greenroom-probe"]

    def _stopped(self, keeping: Doorkeeping, host: str, path: str) -> bool:
        """Does the door answer, as to a program and as to a browser?"""
        address = keeping.url(keeping.sign_in.host) + "/.greenroom/"
        program = self._ask(host, path, {})
        browser = self._ask(host, path, {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"})
        sent = browser.headers.get("location", "").startswith(address)
        return program.status == 401 and browser.status == 302 and sent

    def _ask(self, host: str, path: str, headers: Mapping[str, str]) -> Answer:
        public = self._public
        try:
            return self._net.ask_tls(
                host, public.port, path, self._layout.ca, ASK_SECONDS, public.address, headers
            )
        except OSError as error:
            raise GreenroomError(
                "edge-silent", f"the edge does not answer for {host}: {error}", "greenroom logs edge"
            ) from error

    def _readable(self, keeping: Doorkeeping, environment: str) -> Iterator[str]:
        path = f"/{keeping.buckets[environment]}/public/{UPLOAD}"
        if self._store(keeping.s3, path, {}) != 403:
            yield "by everybody on this machine"
        for other in sorted(keeping.buckets.keys() - {environment}):
            key = self._key(other)
            if (
                key
                and self._store(keeping.s3, path, signed("GET", keeping.s3, path, key, keeping.region)) != 403
            ):
                yield f"with the key of {other}"

    def _key(self, environment: str) -> tuple[str, str] | None:
        file = SecretFile(self._layout.root / "secrets", environment)
        access, secret = file.get("S3_ACCESS_KEY"), file.get("S3_SECRET_KEY")
        return (access.reveal(), secret.reveal()) if access and secret else None

    def _store(self, address: str, path: str, headers: Mapping[str, str]) -> int:
        store = urlsplit(address)
        kind = HTTPSConnection if store.scheme == "https" else HTTPConnection
        connection = kind(store.netloc, timeout=ASK_SECONDS)
        try:
            connection.request("GET", path, headers=dict(headers))
            return connection.getresponse().status
        except (OSError, HTTPException) as error:
            raise GreenroomError(
                "s3", f"the object store does not answer: {error}", "greenroom logs s3"
            ) from error
        finally:
            connection.close()
