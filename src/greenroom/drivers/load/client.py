"""One client: asks one request after the other and says of each how it ended. It never asks twice."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Iterator
from typing import Any

from greenroom.domain.tally import Cause, Kind, Record
from greenroom.drivers.load.answer import Answer
from greenroom.drivers.load.asks import Request
from greenroom.drivers.load.wire import Cut, Dialer, Wire


class Client:
    """Asks the given requests in turn. ``timeout_s`` is for the whole of one request, connecting included.

    A connection is kept while both sides want it. One that the server closed while it was idle is replaced
    without a word; one that dies after the request was sent is a loss.
    """

    def __init__(
        self, kind: Kind, asks: Iterator[Request], dialer: Dialer, timeout_s: float, keep: bool
    ) -> None:
        self._kind, self._asks, self._dialer = kind, asks, dialer
        self._timeout_s, self._keep = timeout_s, keep
        self._wire: Wire | None = None
        self._session: ssl.SSLSession | None = None
        self._aborted = threading.Event()

    def ask(self) -> Record:
        """Ask the next request and record how it ended.

        Raises OSError when this machine cannot ask at all, such as without free ports.
        """
        request = next(self._asks)
        start = time.monotonic()
        deadline = start + self._timeout_s
        reused = self._reusable()
        answer: Answer | None = None
        cause: Cause | None = None
        try:
            wire = self._wire if reused and self._wire else self._open(deadline)
            answer = Answer(lambda: wire.receive(deadline), lambda: wire.ragged)
            self._exchange(wire, request, answer, deadline)
            cause = verdict(request.sha256, answer.status, answer.body)
        except Cut as cut:
            cause = cut.cause
        duration_ms = (time.monotonic() - start) * 1000
        self._tidy(answer)
        status, slot = (answer.status, answer.slot) if answer else (None, None)
        return Record(start, duration_ms, self._kind, request.path, status, cause, slot, reused)

    def abort(self) -> None:
        """End the request in flight from another thread."""
        self._aborted.set()
        if wire := self._wire:
            wire.abort()

    def close(self) -> None:
        """Close the connection, if any."""
        if self._wire:
            self._wire.close()
        self._wire = None

    def _reusable(self) -> bool:
        if self._wire and not self._wire.fit_for_reuse():
            self.close()
        return self._wire is not None

    def _open(self, deadline: float) -> Wire:
        self._wire = self._dialer.dial(deadline, self._session)
        return self._wire

    def _exchange(self, wire: Wire, request: Request, answer: Answer, deadline: float) -> None:
        unsent: Cut | None = None
        try:
            for number, piece in enumerate(request.pieces):
                if number and self._aborted.wait(request.gap_s):
                    break
                wire.send(piece, deadline)
        except Cut as cut:
            unsent = cut
        try:
            # A server that stops reading may still have said why.
            answer.read()
        except Cut as cut:
            raise (unsent or cut) from None
        answer.reusable = answer.reusable and unsent is None

    def _tidy(self, answer: Answer | None) -> None:
        if self._wire and answer and not self._keep:
            self._session = self._wire.session
        if not (answer and answer.reusable and self._keep):
            self.close()


def verdict(sha256: str | None, status: int | None, body: bytes) -> Cause | None:
    """Judge a complete answer: 2xx or 3xx is good; an echo (``sha256``) must be 2xx and name the digest sent."""
    limit = 400 if sha256 is None else 300
    if status is None or not 200 <= status < limit:
        return Cause.STATUS
    if sha256 is not None and _echoed(body) != sha256:
        return Cause.WRONG_BODY
    return None


def _echoed(body: bytes) -> Any:
    try:
        document = json.loads(body)
    except ValueError:
        return None
    return document.get("sha256") if isinstance(document, dict) else None
