"""An API server of which a test says what it answers, over real HTTP; a clock that does not wait."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from greenroom.drivers.kubernetes.api import Api
from greenroom.drivers.kubernetes.reaching import Cluster

Json = dict[str, Any]
Answer = Callable[[str, str, str], tuple[int, Json]]
"""Of a method, a path and a token."""


class HastyClock:
    """Its time goes on when somebody sleeps."""

    def __init__(self) -> None:
        self.at = 0.0

    def now(self) -> float:
        """Seconds."""
        return self.at

    def monotonic(self) -> float:
        """Seconds."""
        return self.at

    def sleep(self, seconds: float) -> None:
        """Takes no time."""
        self.at += seconds


@contextmanager
def serving(answer: Answer) -> Iterator[tuple[int, list[str]]]:
    """The port, and what has been asked as ``METHOD path``."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = self.path.partition("?")[0]
            asked.append(f"{self.command} {path}")
            status, document = answer(self.command, path, self.headers.get("Authorization", ""))
            data = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - the names that http.server calls

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield http.server_port, asked
    finally:
        http.shutdown()
        thread.join()
        http.server_close()


@contextmanager
def api_of(answer: Answer) -> Iterator[tuple[Api, list[str], HastyClock]]:
    """What is asked through it, and its clock."""
    with serving(answer) as (port, asked):
        clock = HastyClock()
        api = Api(lambda: Cluster("127.0.0.1", port, None, {}), clock, lambda _text: None)
        try:
            yield api, asked, clock
        finally:
            api.close()
