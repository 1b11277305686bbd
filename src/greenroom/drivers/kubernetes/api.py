"""The API server over plain HTTP: what observing, probing and switching need, and nothing that is slow to load."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.drivers.kubernetes.reaching import Cluster
from greenroom.drivers.system.net import Answer
from greenroom.ports import Clock

Json = dict[str, Any]

ASK_SECONDS = 30.0
"""How long one answer may take."""

PATIENCE_SECONDS = 120.0
"""How long a server that does not answer is waited for: longer than the restart of one takes."""

BETWEEN_SECONDS = 0.5
AWAY = frozenset({429, 500, 502, 503, 504})
"""Answers of a server that is overloaded, starting, or without its store; asked again."""

JSON = "application/json"
MERGE = "application/merge-patch+json"


class Conflict(Exception):
    """It is there already, or has been changed since it was read."""


class Api:
    """Verbs on paths of the API. Whatever is sent can be sent twice: an answer that was lost is asked for again.

    ``say`` is told when the server is away. ``fence`` is called before anything is changed, and raises when this process may
    change nothing any more.
    """

    def __init__(self, cluster: Callable[[], Cluster], clock: Clock, say: Callable[[str], None]) -> None:
        self._find = cluster
        self._clock = clock
        self._say = say
        self._idle: list[http.client.HTTPConnection] = []
        self._lock = threading.Lock()
        self._cluster: Cluster | None = None
        self.fence: Callable[[], None] = lambda: None

    def close(self) -> None:
        """Close the connections that are kept; the next request opens another."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def get(self, path: str) -> Json | None:
        """An object; None when it is not there."""
        return self._json("GET", path)

    def items(self, path: str, labels: Mapping[str, str] | None = None) -> list[Json]:
        """The objects of a list, all pages of it; none where there is no such kind or namespace."""
        selector = ",".join(f"{k}={v}" if v else k for k, v in (labels or {}).items())
        found: list[Json] = []
        token = ""
        while True:
            page = self._json(
                "GET", f"{path}?limit=500&labelSelector={_quoted(selector)}&continue={_quoted(token)}"
            )
            found += (page or {}).get("items") or []
            token = ((page or {}).get("metadata") or {}).get("continue") or ""
            if not token:
                return found

    def names(self, path: str, labels: Mapping[str, str]) -> list[str]:
        """The names of the objects of a list, sorted, without reading them."""
        selector = ",".join(f"{k}={v}" for k, v in labels.items())
        kind = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
        found = self._json("GET", f"{path}?labelSelector={_quoted(selector)}", accept=kind) or {}
        return sorted(item["metadata"]["name"] for item in found.get("items") or ())

    def create(self, path: str, body: Json) -> Json:
        """Make an object. Raises Conflict when it is there."""
        self.fence()
        return self._there(path, self._json("POST", path, body))

    def replace(self, path: str, body: Json, fenced: bool = True) -> Json:
        """Put an object in place of what was read. Raises Conflict when it has been changed since."""
        if fenced:
            self.fence()
        return self._there(path, self._json("PUT", path, body))

    def patch(self, path: str, body: Json) -> Json | None:
        """Merge into an object, in one step; None when it is not there."""
        self.fence()
        return self._json("PATCH", path, body, MERGE)

    def apply(self, path: str, body: Json, dry_run: bool = False) -> Json:
        """Make an object be like this, made or changed (server-side apply, as the manager ``greenroom``); ``dry_run``: only ask."""
        self.fence()
        asked = f"{path}?fieldManager=greenroom&force=true{'&dryRun=All' if dry_run else ''}"
        return self._there(path, self._json("PATCH", asked, body, "application/apply-patch+yaml"))

    def delete(self, path: str, propagation: str = "Background") -> bool:
        """Remove an object; False when it was not there."""
        self.fence()
        body = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": propagation}
        return self._json("DELETE", path, body) is not None

    def text(self, path: str) -> str:
        """A text, such as a log; an empty one when there is none."""
        status, body = self._patiently("GET", path, None, "", "*/*")
        return body.decode("utf-8", "replace") if status < 300 else ""

    def lines(self, path: str) -> Iterator[str]:
        """A text that grows, line by line, as long as the server sends it. Raises what the cluster says against showing it, and
        OSError when it breaks off."""
        with self._connection(None) as connection:
            connection.request("GET", self._path(path), headers=dict(self._where.headers))
            answer = connection.getresponse()
            if answer.status >= 300:
                raise _refused(answer.status, _message(answer.read()))
            for line in answer:
                yield line.decode("utf-8", "replace").rstrip("\n")

    def ask(
        self,
        path: str,
        headers: Mapping[str, str],
        timeout: float,
        method: str = "GET",
        body: str | None = None,
    ) -> Answer:
        """One request that is not repeated, such as one that the server hands on to a pod. Raises OSError."""
        sent = {**self._where.headers, **headers}
        status, found, data = self._once(method, path, body.encode() if body else None, sent, timeout)
        return Answer(status, found, data[:65536].decode("utf-8", "replace"))

    def _json(
        self, method: str, path: str, body: Json | None = None, kind: str = JSON, accept: str = JSON
    ) -> Json | None:
        data = None if body is None else json.dumps(body).encode()
        status, found = self._patiently(method, path, data, kind, accept)
        if status == 404:
            return None
        if status == 409:
            raise Conflict(_message(found))
        if status >= 400:
            raise _refused(status, _message(found))
        answer: Json = json.loads(found)
        return answer

    def _there(self, path: str, found: Json | None) -> Json:
        if found is None:
            raise GreenroomError("cluster-refused", f"{path}: not found", "greenroom doctor cluster")
        return found

    def _patiently(
        self, method: str, path: str, body: bytes | None, kind: str, accept: str = JSON
    ) -> tuple[int, bytes]:
        began, told, tries = self._clock.monotonic(), False, 0
        sent = {**self._where.headers, "Accept": accept}
        if body is not None:
            sent["Content-Type"] = kind
        while True:
            why = ""
            try:
                status, _, data = self._once(method, path, body, sent, ASK_SECONDS)
                if status not in AWAY:
                    return status, data
                why = _message(data)
            except OSError as error:
                why = str(error) or type(error).__name__
            if self._clock.monotonic() - began > PATIENCE_SECONDS:
                raise GreenroomError(
                    "cluster-away", f"the API server does not answer: {why}", "kubectl cluster-info"
                )
            if not told and self._clock.monotonic() - began > 1.0:
                self._say(f"the API server does not answer ({why}); waiting for it")
                told = True
            tries += 1
            # A connection that was kept may have been closed by the server meanwhile: the first try again is at once.
            self._clock.sleep(BETWEEN_SECONDS if tries > 1 else 0.0)

    def _once(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], timeout: float
    ) -> tuple[int, Mapping[str, str], bytes]:
        with self._connection(timeout) as connection:
            connection.request(method, self._path(path), body, dict(headers))
            answer = connection.getresponse()
            data = answer.read()
            if not answer.will_close:
                self._give_back(connection)
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, data

    @contextmanager
    def _connection(self, timeout: float | None) -> Iterator[http.client.HTTPConnection]:
        with self._lock:
            connection = self._idle.pop() if self._idle and timeout is not None else None
        if connection is None:
            connection = self._where.connection()
        connection.timeout = timeout
        if connection.sock is not None:
            connection.sock.settimeout(timeout)
        try:
            yield connection
        except http.client.HTTPException as error:
            connection.close()
            raise ConnectionError(f"no HTTP answer: {error!r}") from error
        except BaseException:
            connection.close()
            raise

    def _give_back(self, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            self._idle.append(connection)

    @property
    def _where(self) -> Cluster:
        if self._cluster is None:
            self._cluster = self._find()
        return self._cluster

    def _path(self, path: str) -> str:
        return self._where.base + path


def _quoted(text: str) -> str:
    from urllib.parse import quote

    return quote(text, safe="")


def _message(data: bytes) -> str:
    try:
        return str(json.loads(data).get("message", ""))[:600]
    except (ValueError, AttributeError):
        return data[:300].decode("utf-8", "replace")


def _refused(status: int, message: str) -> GreenroomError:
    if status in {401, 403}:
        hint = "greenroom doctor cluster prints the rights that it needs"
        return GreenroomError("no-right", f"the cluster refuses: {message}", hint, Exit.USAGE)
    return GreenroomError(
        "cluster-refused", f"the cluster refuses ({status}): {message}", "greenroom doctor cluster"
    )
