"""The API server over plain HTTP: what observing, probing and switching need, and nothing that is slow to load."""

from __future__ import annotations

import http.client
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

from greenroom.domain.errors import GreenroomError
from greenroom.drivers.kubernetes.answers import (
    AWAY,
    QUICK_TRIES,
    UNKNOWN,
    Waiting,
    message,
    not_seen,
    refused,
    unknown,
)
from greenroom.drivers.kubernetes.reaching import Cluster
from greenroom.drivers.system.net import Answer
from greenroom.ports import Clock

Json = dict[str, Any]

ASK_SECONDS = 30.0
"""How long one answer may take."""

_NAMESPACE = re.compile(r"/api(?:s/[^/]+)?/v[^/]+(/namespaces/[^/?]+)/")
JSON = "application/json"
MERGE = "application/merge-patch+json"


class Conflict(Exception):
    """It is there already, or has been changed since it was read."""


class Api:
    """Verbs on paths of the API. Whatever is sent can be sent twice: an answer that was lost is asked for again.

    ``say`` is told when the server is away. ``fence`` is called before each try to change anything, and raises when this
    process may change nothing any more. What is asked ``quick`` the server has from somebody else, whose absence says
    nothing of the server: that raises ``not-seen`` after a few tries, and means neither that it is there nor that it is not.
    """

    def __init__(self, cluster: Callable[[], Cluster], clock: Clock, say: Callable[[str], None]) -> None:
        self._find = cluster
        self._clock = clock
        self._say = say
        self._idle: list[http.client.HTTPConnection] = []
        self._lock = threading.Lock()
        self._cluster: Cluster | None = None
        self._told: set[str] = set()
        self.fence: Callable[[], None] = lambda: None

    def close(self) -> None:
        """Close the connections that are kept; the next request opens another."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def tell(self, text: str) -> None:
        """Say it, once."""
        if text not in self._told:
            self._told.add(text)
            self._say(text)

    def get(self, path: str, quick: bool = False) -> Json | None:
        """An object; None when it is not there."""
        return self._json("GET", path, quick=quick)

    def items(self, path: str, labels: Mapping[str, str] | None = None, quick: bool = False) -> list[Json]:
        """The objects of a list, all pages of it; none where there is no such kind or namespace."""
        selector = ",".join(f"{k}={v}" if v else k for k, v in (labels or {}).items())
        found: list[Json] = []
        token = ""
        while True:
            asked = f"{path}?limit=500&labelSelector={_quoted(selector)}&continue={_quoted(token)}"
            page = self._json("GET", asked, quick=quick)
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
        return self._there(path, self._json("POST", path, body))

    def replace(self, path: str, body: Json, fenced: bool = True) -> Json:
        """Put an object in place of what was read. Raises Conflict when it has been changed since."""
        return self._there(path, self._json("PUT", path, body, fenced=fenced))

    def patch(self, path: str, body: Json) -> Json | None:
        """Merge into an object, in one step; None when it is not there."""
        return self._json("PATCH", path, body, MERGE)

    def apply(self, path: str, body: Json, dry_run: bool = False) -> Json:
        """Make an object be like this, made or changed (server-side apply, as the manager ``greenroom``); ``dry_run``: only ask."""
        asked = f"{path}?fieldManager=greenroom&force=true{'&dryRun=All' if dry_run else ''}"
        return self._there(path, self._json("PATCH", asked, body, "application/apply-patch+yaml"))

    def delete(self, path: str, propagation: str = "Background") -> bool:
        """Remove an object; False when it was not there."""
        body = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": propagation}
        return self._json("DELETE", path, body) is not None

    def text(self, path: str) -> str:
        """A text, such as a log; an empty one when there is none. It is asked ``quick``: its node may be lost."""
        status, body = self._patiently("GET", path, None, "*/*", JSON, quick=True)
        return body.decode("utf-8", "replace") if status < 300 else ""

    def lines(self, path: str) -> Iterator[str]:
        """A text that grows, line by line, as long as the server sends it. Raises what the cluster says against showing it, and
        OSError when it breaks off."""
        for try_ in range(2):
            where = self._where
            with self._connection(None) as connection, closing(connection):
                connection.request("GET", where.base + path, headers=dict(where.headers))
                answer = connection.getresponse()
                if answer.status == UNKNOWN and not try_:
                    self._forget(where)
                    continue
                if answer.status >= 300:
                    raise refused(answer.status, message(answer.read()))
                for line in answer:
                    yield line.decode("utf-8", "replace").rstrip("\n")
                return

    def ask(
        self,
        path: str,
        headers: Mapping[str, str],
        timeout: float,
        method: str = "GET",
        body: str | None = None,
    ) -> Answer:
        """One request that is not repeated, such as one that the server hands on to a pod. Raises OSError."""
        data = body.encode() if body else None
        status, found, said = self._as_somebody(method, path, data, headers, timeout)
        return Answer(status, found, said[:65536].decode("utf-8", "replace"))

    def _json(
        self,
        method: str,
        path: str,
        body: Json | None = None,
        kind: str = JSON,
        accept: str = JSON,
        fenced: bool = True,
        quick: bool = False,
    ) -> Json | None:
        data = None if body is None else json.dumps(body).encode()
        fenced = fenced and method != "GET"
        status, found = self._patiently(method, path, data, accept, kind, fenced, quick)
        if status == 404 or (status == 403 and self._went(path)):
            return None
        if status == 409:
            raise Conflict(message(found))
        if status >= 400:
            raise refused(status, message(found))
        answer: Json = json.loads(found)
        return answer

    def _went(self, path: str) -> bool:
        """Is the path's namespace itself not there? With it went whatever let this account look, and all that was in it."""
        inside = _NAMESPACE.match(path)
        return (
            inside is not None and self._patiently("GET", f"/api/v1{inside[1]}", None, JSON, JSON)[0] == 404
        )

    def _there(self, path: str, found: Json | None) -> Json:
        if found is None:
            raise GreenroomError("cluster-refused", f"{path}: not found", "greenroom doctor cluster")
        return found

    def _patiently(
        self,
        method: str,
        path: str,
        body: bytes | None,
        accept: str,
        kind: str,
        fenced: bool = False,
        quick: bool = False,
    ) -> tuple[int, bytes]:
        waiting = Waiting(self._clock, self._say)
        sent = {"Accept": accept} if body is None else {"Accept": accept, "Content-Type": kind}
        while True:
            if fenced:
                self.fence()
            try:
                status, _, data = self._as_somebody(method, path, body, sent, ASK_SECONDS)
                if status not in AWAY:
                    return status, data
                why, over = message(data), waiting.tries + 1 >= QUICK_TRIES
            except OSError as error:
                why, over = str(error) or type(error).__name__, isinstance(error, TimeoutError)
            if quick and over:
                raise not_seen(path, why)
            waiting.again(why)

    def _as_somebody(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], timeout: float
    ) -> tuple[int, Mapping[str, str], bytes]:
        """With the credentials that are known; once more with new ones when the server does not know those any more."""
        where = self._where
        first = self._once(method, where.base + path, body, {**where.headers, **headers}, timeout)
        if not unknown(first[0], first[2], path):
            return first
        self._forget(where)
        where = self._where
        return self._once(method, where.base + path, body, {**where.headers, **headers}, timeout)

    def _forget(self, where: Cluster) -> None:
        """Find out anew where the cluster is and who asks: tokens live for minutes."""
        with self._lock:
            if self._cluster is where:
                self._cluster = None
        self.close()

    def _once(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], timeout: float
    ) -> tuple[int, Mapping[str, str], bytes]:
        with self._connection(timeout) as connection:
            connection.request(method, path, body, dict(headers))
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


def _quoted(text: str) -> str:
    from urllib.parse import quote

    return quote(text, safe="")
