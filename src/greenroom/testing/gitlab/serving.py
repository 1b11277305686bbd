"""The fake behind a requests session, in process, or behind a port of 127.0.0.1."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from greenroom.testing.gitlab.paging import Answer
from greenroom.testing.gitlab.project import GitLab
from greenroom.testing.gitlab.rest import Asked, find, refusal
from greenroom.testing.gitlab.things import Exchange

ROOT = "/api/v4"


def answer(lab: GitLab, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
    """What GitLab says to a request; ``target`` is its path with the query."""
    parts = urlsplit(target)
    path, query = parts.path.removeprefix(ROOT), dict(parse_qsl(parts.query, keep_blank_values=True))
    given = json.loads(body) if body else {}
    lab.watch()
    failed = lab.trouble.before(lab.clock.now())
    if failed is not None:
        return failed
    said = _true(lab, method, path, query, given, headers)
    lab.asked.append(Exchange(method, path, query, given, said.status, said.body))
    return lab.trouble.after(said)


def _true(
    lab: GitLab,
    method: str,
    path: str,
    query: Mapping[str, str],
    body: Mapping[str, Any],
    headers: Mapping[str, str],
) -> Answer:
    bearer = headers.get("Authorization", "").removeprefix("Bearer ")
    token = lab.tokens.get(headers.get("PRIVATE-TOKEN") or bearer)
    route, at = find(lab, method, path)
    refused = refusal(lab, token, route)
    if refused is not None or route is None or token is None:
        return refused or Answer(404)
    return route.does(lab, Asked(method, path, query, body, token, at))


def session(lab: GitLab) -> requests.Session:
    """A session whose every request the fake answers, without any socket."""
    made = requests.Session()
    made.trust_env = False
    for scheme in ("http://", "https://"):
        made.mount(scheme, _Adapter(lab))
    return made


class _Adapter(BaseAdapter):
    def __init__(self, lab: GitLab) -> None:
        super().__init__()
        self._lab = lab

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        body = request.body or b""
        raw = body if isinstance(body, bytes) else str(body).encode()
        headers = {name: str(value) for name, value in request.headers.items()}
        said = answer(self._lab, request.method or "GET", request.path_url, headers, raw)
        response = requests.Response()
        response.status_code = said.status
        response.headers = CaseInsensitiveDict({**_common(self._lab), **said.headers})
        response._content = said.bytes
        response.encoding = "utf-8"
        response.request, response.url = request, request.url or ""
        return response

    def close(self) -> None:
        """Nothing is open."""


class Served:
    """The fake on a free port of 127.0.0.1, as a context."""

    def __init__(self, lab: GitLab) -> None:
        self.lab = lab
        self._server = _Server(lab)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self.lab.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    def __init__(self, lab: GitLab) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.lab = lab
        self.lock = threading.Lock()


class _Handler(BaseHTTPRequestHandler):
    def _serve(self) -> None:
        assert isinstance(self.server, _Server)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            with self.server.lock:
                said = answer(self.server.lab, self.command, self.path, dict(self.headers.items()), body)
        except requests.RequestException:
            self.close_connection = True  # nobody is there: the connection ends without an answer
            return
        self.send_response_only(said.status)
        for name, value in {**_common(self.server.lab), **said.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(said.bytes)))
        self.end_headers()
        self.wfile.write(said.bytes)

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def do_PATCH(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: object) -> None:
        del format, args


def _common(lab: GitLab) -> dict[str, str]:
    return {"content-type": "application/json", "date": formatdate(lab.clock.now(), usegmt=True)}
