"""Takes GOAWAY frames out of what a server sends: h2 (4.x) refuses every frame that follows one.

RFC 9113, section 6.8, says the opposite: requests up to the named stream are still answered.
"""

from __future__ import annotations

from dataclasses import dataclass

from greenroom.domain.tally import Cause
from greenroom.drivers.load.wire import Cut

HEAD_BYTES = 9
LARGEST_BYTES = 16_384
"""The largest frame that a client accepts which has not said otherwise (RFC 9113, section 6.5.2)."""
_GOAWAY = 0x7


@dataclass(frozen=True, slots=True)
class Goaway:
    """The server takes no new stream, and has not processed any above ``last_stream``."""

    last_stream: int
    error: int


class Frames:
    """Cuts a byte stream into frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> tuple[bytes, list[Goaway]]:
        """Return the whole frames that are there now, without the GOAWAYs, and these apart.

        Raises Cut (wrong_body) when it cannot be HTTP/2.
        """
        self._buffer += data
        others, goaways = bytearray(), []
        while frame := self._next():
            if frame[3] == _GOAWAY:
                last, error = frame[HEAD_BYTES : HEAD_BYTES + 4], frame[HEAD_BYTES + 4 : HEAD_BYTES + 8]
                goaways.append(Goaway(int.from_bytes(last, "big") & 0x7FFFFFFF, int.from_bytes(error, "big")))
            else:
                others += frame
        return bytes(others), goaways

    def _next(self) -> bytes:
        if len(self._buffer) < HEAD_BYTES:
            return b""
        size = int.from_bytes(self._buffer[:3], "big")
        if size > LARGEST_BYTES:
            raise Cut(Cause.WRONG_BODY)
        if len(self._buffer) < HEAD_BYTES + size:
            return b""
        frame = bytes(self._buffer[: HEAD_BYTES + size])
        del self._buffer[: HEAD_BYTES + size]
        return frame
