"""Looking at an app over its slots' own sockets, at its folder, and at the edge's certificate."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Callable

from greenroom.domain.errors import GreenroomError
from greenroom.domain.inspected import Certificate, Outside, Strays
from greenroom.domain.stage import environment_of
from greenroom.drivers.asking.every_worker import PROBE_HEADER
from greenroom.drivers.asking.looking import SlotLooker
from greenroom.drivers.local.layout import Layout
from greenroom.drivers.local.public import PublicAddress
from greenroom.drivers.system.net import Answer, ask_unix, served_certificate
from greenroom.ports import Clock

RENEWAL_SECONDS = 1.0
"""Between its renewal on disk and its first use a certificate may differ for a moment."""


class LocalInspector(SlotLooker):
    """See :class:`greenroom.ports.Inspector`. ``strays`` is the builder's word on a release's folder, ``outside`` that
    of somebody without a sign-in.
    """

    def __init__(
        self,
        layout: Layout,
        clock: Clock,
        public: PublicAddress,
        processes: int,
        strays: Callable[[str], Strays | None],
        outside: Callable[[str], Outside],
    ) -> None:
        super().__init__(self._ask_slot, clock, processes)
        self._outside = outside
        self._layout = layout
        self._public = public
        self._strays = strays

    def strays(self, release: str) -> Strays | None:
        return self._strays(release)

    def outside(self, environment: str) -> Outside:
        return self._outside(environment)

    def certificate(self, environment: str) -> Certificate:
        host = self._public.host(environment)
        seen = self._certificate(host)
        if seen.same is False:
            self._clock.sleep(RENEWAL_SECONDS)
            seen = self._certificate(host)
        return seen

    def _certificate(self, host: str) -> Certificate:
        ca = str(self._layout.ca) if self._layout.ca.exists() else None
        try:
            der, begins, ends, trouble = served_certificate(host, self._public.port, ca, self._public.address)
        except OSError as error:
            raise GreenroomError(
                "edge-silent", f"the edge gives no certificate for {host}: {error}", "greenroom logs edge"
            ) from error
        file = self._layout.certificate(host)
        same = None if file is None else _digest(_leaf(file.read_text())) == _digest(der)
        return Certificate(host, trouble, same, begins, ends)

    def _ask_slot(self, slot: str, path: str, timeout: float, body: str | None = None) -> Answer:
        host = self._public.host(environment_of(slot))
        headers = {**PROBE_HEADER, "Host": host, "X-Forwarded-Proto": "https"}
        method = "GET" if body is None else "POST"
        return ask_unix(self._layout.socket(slot), path, headers, timeout, method, body)


def _leaf(pem: str) -> bytes:
    """The first certificate of a file, in DER."""
    end = "-----END CERTIFICATE-----"
    return ssl.PEM_cert_to_DER_cert(pem.partition(end)[0].strip() + f"\n{end}\n")


def _digest(der: bytes) -> str:
    return hashlib.sha256(der).hexdigest()
