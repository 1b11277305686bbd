"""Reads one HTTP/1.1 answer to its very end and notices when that end is missing (RFC 9112, section 6.3)."""

from __future__ import annotations

from collections.abc import Callable

from greenroom.domain.tally import Cause
from greenroom.drivers.load.wire import Cut

_HEAD_LIMIT = 65536
_NO_BODY = (204, 304)


class Answer:
    """One answer, as far as it came: what ``read`` had understood stays known when it raises Cut."""

    def __init__(self, receive: Callable[[], bytes], ragged: Callable[[], bool] = lambda: False) -> None:
        self._receive, self._ragged = receive, ragged
        self._buffer = bytearray()
        self._begun = False
        self.status: int | None = None
        self.slot: str | None = None
        self.body = b""
        self.reusable = False

    def read(self) -> None:
        """Read it all. Raises Cut: eof before the first byte, truncated after it, wrong_body for nonsense."""
        status, headers = self._head()
        while 100 <= status < 200 and status != 101:
            status, headers = self._head()
        self.status, self.slot = status, headers.get(b"x-release", b"").decode("ascii", "replace") or None
        connection = headers.get(b"connection", b"").lower()
        framed = self._body(status, headers)
        if self._buffer:
            raise Cut(Cause.WRONG_BODY)
        self.reusable = framed and b"close" not in connection

    def _head(self) -> tuple[int, dict[bytes, bytes]]:
        line = self._line()
        version, _, rest = line.partition(b" ")
        if not version.startswith(b"HTTP/1.") or not rest[:3].isdigit() or len(rest[:3]) != 3:
            raise Cut(Cause.WRONG_BODY)
        headers: dict[bytes, bytes] = {}
        while field := self._line():
            name, _, value = field.partition(b":")
            headers[name.lower()] = value.strip()
        if version == b"HTTP/1.0":
            headers.setdefault(b"connection", b"close")
        return int(rest[:3]), headers

    def _body(self, status: int, headers: dict[bytes, bytes]) -> bool:
        """Read the body; tell whether its end was marked by anything but the end of the connection."""
        if status in _NO_BODY:
            return True
        if b"chunked" in headers.get(b"transfer-encoding", b"").lower():
            self.body = self._chunks()
            return True
        if (length := headers.get(b"content-length")) is not None:
            self.body = self._exactly(_number(length, 10))
            return True
        self.body = self._until_end()
        return False

    def _chunks(self) -> bytes:
        chunks = []
        while size := _number(self._line().partition(b";")[0].strip(), 16):
            chunks.append(self._exactly(size))
            if self._line():
                raise Cut(Cause.WRONG_BODY)
        while self._line():
            pass
        return b"".join(chunks)

    def _until_end(self) -> bytes:
        while data := self._receive():
            self._buffer += data
        if self._ragged():
            raise Cut(Cause.TRUNCATED)
        body = bytes(self._buffer)
        self._buffer.clear()
        return body

    def _exactly(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._more()
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    def _line(self) -> bytes:
        while (end := self._buffer.find(b"\r\n")) < 0:
            if len(self._buffer) > _HEAD_LIMIT:
                raise Cut(Cause.WRONG_BODY)
            self._more()
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        return line

    def _more(self) -> None:
        data = self._receive()
        if not data:
            raise Cut(Cause.TRUNCATED if self._begun else Cause.EOF)
        self._begun = True
        self._buffer += data


def _number(digits: bytes, base: int) -> int:
    if not digits or digits.strip(b"0123456789abcdefABCDEF" if base == 16 else b"0123456789"):
        raise Cut(Cause.WRONG_BODY)
    return int(digits, base)
