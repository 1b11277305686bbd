"""One connection, plain or TLS, with a deadline on each operation and no second try."""

from __future__ import annotations

import contextlib
import errno
import select
import socket
import ssl
import time

from greenroom.domain.tally import Cause
from greenroom.drivers.load.mix import Address

_READ_BYTES = 65536
_BY_NUMBER = {
    # What a cluster may say for a service without pods.
    errno.EHOSTUNREACH: Cause.REFUSED,
    # Reset between connecting and the TLS handshake.
    errno.ENOTCONN: Cause.RESET,
}


class Cut(Exception):
    """The request has no good answer, for this cause."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(cause.value)
        self.cause = cause


def cause_of(error: OSError) -> Cause:
    """Name what a socket error says about the server.

    Raises the error itself when it tells about this machine instead (no file descriptors, no free port): then
    the load, not the server, is at fault and nothing is proven.
    """
    if isinstance(error, ssl.SSLError):
        return _tls_cause(error)
    match error:
        case TimeoutError():
            return Cause.TIMEOUT
        case ConnectionRefusedError():
            return Cause.REFUSED
        case ConnectionError():
            return Cause.RESET
    if error.errno in _BY_NUMBER:
        return _BY_NUMBER[error.errno]
    raise error


def _tls_cause(error: ssl.SSLError) -> Cause:
    if error.reason == "UNEXPECTED_EOF_WHILE_READING" or isinstance(error, ssl.SSLZeroReturnError):
        return Cause.EOF
    # Python 3.11 calls a reset an end as well; OpenSSL 3 gives a reason only for a real end.
    return Cause.RESET if isinstance(error, ssl.SSLEOFError | ssl.SSLSyscallError) else Cause.TLS


class Wire:
    """An open connection. Deadlines are ``time.monotonic`` seconds; operations raise Cut."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._poll = select.poll()
        self._poll.register(link, select.POLLIN)
        self.ragged = False

    @property
    def session(self) -> ssl.SSLSession | None:
        """The TLS session to resume on a later connection, known after the first answer; None without TLS."""
        return self._link.session if isinstance(self._link, ssl.SSLSocket) else None

    @property
    def resumed(self) -> bool:
        """Whether the TLS handshake resumed an earlier session."""
        return isinstance(self._link, ssl.SSLSocket) and bool(self._link.session_reused)

    def send(self, data: bytes, deadline: float) -> None:
        """Send all bytes or raise Cut."""
        try:
            self._link.settimeout(_remaining(deadline))
            self._link.sendall(data)
        except OSError as error:
            raise Cut(cause_of(error)) from error

    def receive(self, deadline: float) -> bytes:
        """Return some bytes, or none at the end. ``ragged`` then tells that TLS ended without saying so."""
        try:
            self._link.settimeout(_remaining(deadline))
            return self._link.recv(_READ_BYTES)
        except OSError as error:
            if (cause := cause_of(error)) is not Cause.EOF:
                raise Cut(cause) from error
            self.ragged = True
            return b""

    @property
    def protocol(self) -> str | None:
        """What TLS agreed on (ALPN), None without TLS."""
        return self._link.selected_alpn_protocol() if isinstance(self._link, ssl.SSLSocket) else None

    def fileno(self) -> int:
        """For poll(2)."""
        return self._link.fileno()

    def receive_now(self) -> bytes | None:
        """Return what has come, none at the end, or None when nothing has come yet; raise Cut."""
        try:
            self._link.settimeout(0)
            return self._link.recv(_READ_BYTES)
        except (BlockingIOError, ssl.SSLWantReadError):
            return None
        except OSError as error:
            if (cause := cause_of(error)) is not Cause.EOF:
                raise Cut(cause) from error
            return b""

    def fit_for_reuse(self) -> bool:
        """Whether an idle connection is still open and silent, as browsers ask before they reuse one.

        Readable may mean the end, bytes that nobody asked for, or (TLS) only a session ticket: reading tells. A
        byte that is read here is no loss, for the connection is then not used again.
        """
        if isinstance(self._link, ssl.SSLSocket) and self._link.pending():
            return False
        if not self._poll.poll(0):
            return True
        try:
            self._link.settimeout(0)
            self._link.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            return False
        return False

    def abort(self) -> None:
        """Make another thread's pending operation on this connection end at once."""
        with contextlib.suppress(OSError):
            # SSLSocket.shutdown would take the TLS state away under the other thread.
            socket.socket.shutdown(self._link, socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection without ceremony."""
        self._link.close()


class Dialer:
    """Opens connections to one address; TLS is verified for the address's host name, ``protocols`` are offered (ALPN).

    Raises OSError or ssl.SSLError when the CA file cannot be read.
    """

    def __init__(self, address: Address, protocols: tuple[str, ...] = ("http/1.1",)) -> None:
        self._address = address
        self._context = _context(address, protocols) if address.secure else None

    def dial(self, deadline: float, session: ssl.SSLSession | None = None) -> Wire:
        """Open a connection, resuming the TLS session if one is given and the server agrees, or raise Cut."""
        try:
            link = socket.create_connection((self._address.ip, self._address.port), _remaining(deadline))
        except OSError as error:
            raise Cut(cause_of(error)) from error
        try:
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._context is None:
                return Wire(link)
            link.settimeout(_remaining(deadline))
            return Wire(
                self._context.wrap_socket(
                    link,
                    server_hostname=self._address.host,
                    suppress_ragged_eofs=False,
                    session=session,
                )
            )
        except OSError as error:
            link.close()
            raise Cut(cause_of(error)) from error


def _context(address: Address, protocols: tuple[str, ...]) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=address.ca_file)
    context.set_alpn_protocols(list(protocols))
    # With OpenSSL 3, Python takes an end without close_notify for a good one unless it is told not to.
    context.options &= ~getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
    return context


def _remaining(deadline: float) -> float:
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise TimeoutError
    return remaining
