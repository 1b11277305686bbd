"""An object store on 127.0.0.1 that answers badly on purpose, and then well."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

IAM = "https://iam.amazonaws.com/doc/2010-05-08/"
S3 = "http://s3.amazonaws.com/doc/2006-03-01/"
BUSY = (
    b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>"
)
BUCKETS = f"<ListAllMyBucketsResult xmlns='{S3}'><Buckets>{{}}</Buckets></ListAllMyBucketsResult>"
RESULTS = {
    "ListUsers": "<Users/><IsTruncated>false</IsTruncated>",
    "ListAccessKeys": "<AccessKeyMetadata/><IsTruncated>false</IsTruncated>",
    "CreateUser": "<User><Path>/</Path><UserName>u</UserName><UserId>i</UserId><Arn>a</Arn></User>",
    "PutUserPolicy": "",
    "CreateAccessKey": (
        "<AccessKey><UserName>u</UserName><AccessKeyId>made</AccessKeyId>"
        "<Status>Active</Status><SecretAccessKey>secret</SecretAccessKey></AccessKey>"
    ),
}


class UnkindStore(ThreadingHTTPServer):
    """``how``: busy, hang, truncate, rubbish or drop; ``bad`` answers of that kind come before the good ones."""

    daemon_threads = True

    def __init__(self, how: str, bad: int) -> None:
        super().__init__(("127.0.0.1", 0), Store)
        self.how, self.bad, self.asked = how, bad, 0
        self.buckets: list[str] = []
        self.gate = threading.Event()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"


class Store(BaseHTTPRequestHandler):
    """One request."""

    server: UnkindStore

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked += 1
        if self.server.asked <= self.server.bad:
            getattr(self, f"_{self.server.how}")()
        else:
            self._kindly(body)

    do_GET = do_PUT = do_POST = do_DELETE = _answer  # noqa: N815 - names of the standard library's

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def _send(self, status: int, body: bytes, length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def _busy(self) -> None:
        self._send(503, BUSY)

    def _hang(self) -> None:
        self.server.gate.wait(30.0)
        self.close_connection = True

    def _truncate(self) -> None:
        self._send(200, BUCKETS.format("")[:60].encode(), length=400)

    def _rubbish(self) -> None:
        self._send(200, b"<html>who are you looking for?")

    def _drop(self) -> None:
        self.close_connection = True

    def _kindly(self, body: bytes) -> None:
        if self.command == "POST":
            action = parse_qs(body.decode())["Action"][0]
            result = f"<{action}Result>{RESULTS[action]}</{action}Result>"
            self._send(200, f"<{action}Response xmlns='{IAM}'>{result}</{action}Response>".encode())
        elif self.command == "PUT":
            if "?" not in self.path:
                self.server.buckets.append(self.path.strip("/"))
            self._send(200, b"")
        elif "?tagging" in self.path:
            self._send(200, f"<Tagging xmlns='{S3}'><TagSet></TagSet></Tagging>".encode())
        else:
            named = "".join(f"<Bucket><Name>{name}</Name></Bucket>" for name in self.server.buckets)
            self._send(200, BUCKETS.format(named).encode())


@contextmanager
def unkind(how: str, bad: int = 1_000_000) -> Iterator[UnkindStore]:
    """Serve while the block runs."""
    store = UnkindStore(how, bad)
    thread = threading.Thread(target=store.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield store
    finally:
        store.gate.set()
        store.shutdown()
        thread.join()
        store.server_close()
