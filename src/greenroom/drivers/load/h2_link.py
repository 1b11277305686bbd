"""One HTTP/2 connection and the exchanges on it: says of each how it ended (RFC 9113)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, Event, ResponseReceived, StreamEnded, StreamReset
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes, Settings

from greenroom.domain.tally import Cause
from greenroom.drivers.load.asks import Ask
from greenroom.drivers.load.client import verdict
from greenroom.drivers.load.h2_frames import Frames, Goaway
from greenroom.drivers.load.mix import Address
from greenroom.drivers.load.wire import Cut, Wire


@dataclass(slots=True)
class Exchange:
    """One request and its answer as far as it came. Moments are monotonic seconds.

    ``unseen``: the server promised that it has not processed the request, so a browser would send it again.
    """

    lane: int
    ask: Ask
    start_s: float
    deadline: float
    repeats: int = 0
    reused: bool = False
    status: int | None = None
    slot: str | None = None
    cause: Cause | None = None
    unseen: bool = False
    body: bytearray = field(default_factory=bytearray)
    unsent: bytes = b""


class Link:
    """An open connection. ``dead``: nothing more comes; ``leaving``: the server takes no new request."""

    def __init__(self, wire: Wire, address: Address) -> None:
        self._wire, self._address = wire, address
        self._frames = Frames()
        self._h2 = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))
        self._h2.local_settings = Settings(client=True, initial_values={SettingCodes.ENABLE_PUSH: 0})
        self._h2.initiate_connection()
        self._open: dict[int, Exchange] = {}
        self._asked = 0
        self.dead = self.leaving = False

    def fileno(self) -> int:
        """For poll(2)."""
        return self._wire.fileno()

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """What is in flight."""
        return tuple(self._open.values())

    def begin(self, exchange: Exchange) -> list[Exchange]:
        """Send a request; the exchanges that ended because this could not be done."""
        ask = exchange.ask
        stream = self._h2.get_next_available_stream_id()
        exchange.reused, exchange.unsent = self._asked > 0, ask.body
        self._asked += 1
        self._open[stream] = exchange
        headers = [
            (":method", "POST" if ask.sha256 else "GET"),
            (":scheme", "https"),
            (":authority", self._address.authority),
            (":path", ask.path),
            ("user-agent", "greenroom-prove"),
            *self._address.shown,
        ]
        if ask.sha256:
            headers += [
                ("content-type", "application/octet-stream"),
                ("content-length", str(len(ask.body))),
            ]
        self._h2.send_headers(stream, headers, end_stream=not ask.body)
        return self._flush(exchange.deadline)

    def receive(self) -> list[Exchange]:
        """Take what has come; the exchanges that ended with it."""
        ended: list[Exchange] = []
        try:
            while not self.dead and (data := self._wire.receive_now()) is not None:
                ended += self._take(data) if data else self._cut(Cause.EOF)
        except Cut as cut:
            ended += self._cut(cut.cause)
        except ProtocolError:
            ended += self._cut(Cause.WRONG_BODY)
        return ended

    def give_up(self, exchange: Exchange) -> None:
        """Let one go whose time is over; the connection lives on."""
        for stream, open_one in list(self._open.items()):
            if open_one is exchange:
                del self._open[stream]
                self._h2.reset_stream(stream, ErrorCodes.CANCEL)
        exchange.cause = Cause.TIMEOUT

    def close(self) -> None:
        """Close the connection without ceremony."""
        self.dead = True
        self._wire.close()

    def _take(self, data: bytes) -> list[Exchange]:
        frames, goaways = self._frames.feed(data)
        ended = [e for event in self._h2.receive_data(frames) if (e := self._on(event))]
        for goaway in goaways:
            ended += self._leave(goaway)
        within = [e.deadline for e in self._open.values()]
        return ended + self._flush(min(within)) if within else ended

    def _on(self, event: Event) -> Exchange | None:
        """Note what an event tells; the exchange that it ends, if any."""
        exchange = self._open.get(getattr(event, "stream_id", 0) or 0)
        match event:
            case DataReceived():
                # Also for one that was given up: or the connection's window would close.
                self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                if exchange is not None and exchange.ask.sha256:
                    exchange.body += event.data
            case ResponseReceived() if exchange is not None:
                headers: dict[Any, Any] = dict(event.headers or ())
                exchange.status, exchange.slot = int(headers[":status"]), headers.get("x-release")
            case StreamEnded() if exchange is not None:
                del self._open[event.stream_id]
                exchange.cause = verdict(exchange.ask.sha256, exchange.status, bytes(exchange.body))
                return exchange
            case StreamReset() if exchange is not None:
                del self._open[event.stream_id]
                exchange.unseen = event.error_code == ErrorCodes.REFUSED_STREAM
                exchange.cause = Cause.REFUSED if exchange.unseen else Cause.RESET
                return exchange
        return None

    def _leave(self, goaway: Goaway) -> list[Exchange]:
        self.leaving = True
        excluded = [stream for stream in self._open if stream > goaway.last_stream]
        unseen = [self._open.pop(stream) for stream in excluded]
        for exchange in unseen:
            exchange.unseen, exchange.cause = True, Cause.REFUSED
        return unseen

    def _cut(self, cause: Cause) -> list[Exchange]:
        """Everything in flight ends here."""
        cut = list(self._open.values())
        self._open.clear()
        self.close()
        for exchange in cut:
            begun = exchange.status is not None
            exchange.cause = Cause.TRUNCATED if begun and cause is Cause.EOF else cause
        return cut

    def _flush(self, deadline: float) -> list[Exchange]:
        try:
            for stream, exchange in self._open.items():
                self._send_body(stream, exchange)
            if data := self._h2.data_to_send():
                self._wire.send(data, deadline)
        except Cut as cut:
            return self._cut(cut.cause)
        return []

    def _send_body(self, stream: int, exchange: Exchange) -> None:
        """As much as the server's window allows; the rest when it opens."""
        while exchange.unsent:
            size = min(
                self._h2.local_flow_control_window(stream),
                self._h2.max_outbound_frame_size,
                len(exchange.unsent),
            )
            if size <= 0:
                return
            piece, exchange.unsent = exchange.unsent[:size], exchange.unsent[size:]
            self._h2.send_data(stream, piece, end_stream=not exchange.unsent)
