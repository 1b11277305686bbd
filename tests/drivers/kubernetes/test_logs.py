"""Logs of several pods at once, from a server whose streams do not end by themselves."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from greenroom.domain.errors import GreenroomError
from greenroom.drivers.kubernetes.api import Api
from greenroom.drivers.kubernetes.logs import KubernetesLogs
from greenroom.drivers.kubernetes.names import Names
from greenroom.drivers.kubernetes.pods import Pods
from greenroom.drivers.kubernetes.reaching import Cluster
from greenroom.drivers.system.clock import SystemClock
from greenroom.ports import LogQuery

SLOT = "abc-1"


class Pens:
    """What each pod has written, and whether its log may be shown; a log that is followed goes on until ``over``."""

    def __init__(self, lines: dict[str, list[str]], refused: str = "") -> None:
        self.lines, self.refused, self.over = lines, refused, threading.Event()

    def pods(self) -> dict[str, Any]:
        labels = {"greenroom.dev/slot": SLOT, "greenroom.dev/role": "web"}
        return {"items": [{"metadata": {"name": name, "labels": labels}} for name in self.lines]}


@contextmanager
def logs_of(pens: Pens) -> Iterator[KubernetesLogs]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if "/log?" not in self.path:
                self._send(200, json.dumps(pens.pods()))
                return
            pod = self.path.partition("/pods/")[2].partition("/")[0]
            if pod == pens.refused:
                self._send(403, json.dumps({"message": f"pods {pod} is forbidden"}))
                return
            self._send(200, "".join(f"{line}\n" for line in pens.lines[pod]))
            if "follow=true" in self.path:
                pens.over.wait(30)

        def _send(self, status: int, text: str) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())
            self.wfile.flush()

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, args=(0.05,))
    thread.start()
    api = Api(lambda: Cluster("127.0.0.1", http.server_port, None, {}), SystemClock(), print)
    names = Names("shop")
    try:
        yield KubernetesLogs(api, names, Pods(api, names))
    finally:
        pens.over.set()
        http.shutdown()
        thread.join()
        http.server_close()
        api.close()


def query(follow: bool) -> LogQuery:
    return LogQuery(f"web-{SLOT}", None, 10, follow)


def test_whoever_follows_hears_every_pod_at_once() -> None:
    pens = Pens({"shop-production-blue-x1": ["one", "two"], "shop-production-blue-x2": ["three"]})
    with logs_of(pens) as logs:
        lines = logs.read("production", query(follow=True))
        heard = sorted(next(lines) for _ in range(3))
        assert heard == ["[x1] one", "[x1] two", "[x2] three"]
        pens.over.set()
        assert list(lines) == []


@pytest.mark.parametrize("follow", [False, True])
def test_one_pod_has_no_mark(follow: bool) -> None:
    pens = Pens({"shop-production-blue-x1": ["one", "two"]})
    pens.over.set()
    with logs_of(pens) as logs:
        assert list(logs.read("production", query(follow))) == ["one", "two"]


def test_several_pods_one_after_the_other() -> None:
    pens = Pens({"a-x1": ["one"], "a-x2": ["two", "three"]})
    with logs_of(pens) as logs:
        assert list(logs.read("production", query(follow=False))) == ["[x1] one", "[x2] two", "[x2] three"]


@pytest.mark.parametrize("follow", [False, True])
def test_a_log_that_is_refused_is_an_error_with_the_cause(follow: bool) -> None:
    pens = Pens({"a-x1": [], "a-x2": []}, refused="a-x2")
    with logs_of(pens) as logs, pytest.raises(GreenroomError) as told:
        list(logs.read("production", query(follow)))
    assert told.value.message == (
        "the log of the pod a-x2 (web) cannot be read: the cluster refuses: pods a-x2 is forbidden"
    )
