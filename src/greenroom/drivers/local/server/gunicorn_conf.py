"""Greenroom's server layer: gunicorn's configuration for every app, run inside the app's own environment.

Standard library only: greenroom itself is not installed there. It sets ``X-Release`` on every answer, tells the probe
which worker process answered, and lets the probe ask whether sessions of another slot are accepted. The probe's paths
and headers never come through the edge.
"""

import atexit
import importlib
import os
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

SLOT = os.environ.get("GREENROOM_SLOT", "")
FAULT, _, _until = os.environ.get("GREENROOM_FAULT", "").partition(":")
"""A fault that ``greenroom prove`` plants into one slot, ``<fault>:<end, seconds since the epoch>``."""
FAULT_UNTIL = float(_until or 0)
FAULT_AFTER = 10
"""So many pages of each process are well before it turns bad."""

loglevel = "info"
worker_class = "gthread"
keepalive = 75
timeout = 60
graceful_timeout = 35
forwarded_allow_ips = "*"
if os.path.isdir("/dev/shm"):  # noqa: PTH112
    worker_tmp_dir = "/dev/shm"

StartResponse = Callable[..., Any]
Environ = dict[str, Any]


def post_worker_init(worker: Any) -> None:
    """Wrap the app once it is loaded in the worker."""
    worker.wsgi = _Wrapped(worker.wsgi)


def worker_exit(server: Any, worker: Any) -> None:
    """End a worker that was asked to stop and has finished its requests, without taking the interpreter apart.

    The app's own exit functions run and what it printed is written; freeing every object afterwards serves nobody
    and takes a third of a second of CPU, which a deploy beside real traffic waits for.
    """
    del server
    mine = worker.pid == os.getpid()  # the master calls this too, for a worker that was gone already
    if mine and worker.booted and not worker.alive and worker.nr_conns == 0:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def child_exit(server: Any, worker: Any) -> None:
    """Let a dead worker's gauges go, where the app uses prometheus-client with several processes."""
    del server
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        try:
            module = importlib.import_module("prometheus_client.multiprocess")
        except ImportError:
            return
        module.mark_process_dead(worker.pid)


class _Wrapped:
    def __init__(self, app: Any) -> None:
        self.app = app
        self.pages = 0

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO", "").startswith("/.greenroom/"):
            return _session(self.app, environ, start_response)
        probed = "HTTP_X_GREENROOM_PROBE" in environ
        self.pages += not probed
        status = self._fault(probed) if FAULT else ""

        def start(line: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            extra = [("X-Release", SLOT)]
            if probed:
                extra.append(("X-Greenroom-Worker", str(os.getpid())))
            return start_response(line, [*headers, *extra], *rest)

        if status:
            # Unread, a body would make the kernel reset the connection, and the answer be lost with it.
            while environ["wsgi.input"].read(65536):
                pass
            start(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(FAULT)))])
            return [FAULT.encode()]
        return self.app(environ, start)  # type: ignore[no-any-return]

    def _fault(self, probed: bool) -> str:
        """The status to answer with instead of the app, or nothing."""
        if time.time() > FAULT_UNTIL:
            return ""
        if probed:
            return "503 Service Unavailable" if FAULT == "unready" else ""
        bad = FAULT == "turns-bad" and self.pages > FAULT_AFTER
        return "500 Internal Server Error" if bad else ""


def _session(app: Any, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """``/.greenroom/sign`` gives a signed session cookie, ``/.greenroom/verify?COOKIE`` says whether it is ours."""
    serializer = _serializer(app)
    if serializer is None:
        return _plain(start_response, "404 Not Found", "this app signs no session that Greenroom knows")
    if environ["PATH_INFO"] == "/.greenroom/sign":
        return _plain(start_response, "200 OK", serializer.dumps({"greenroom": SLOT}))
    try:
        serializer.loads(environ.get("QUERY_STRING", ""))
    except Exception as error:  # noqa: BLE001 - itsdangerous is the app's, not ours: any refusal counts
        return _plain(start_response, "409 Conflict", type(error).__name__)
    return _plain(start_response, "200 OK", "accepted")


def _serializer(app: Any) -> Any:
    interface = getattr(app, "session_interface", None)
    make = getattr(interface, "get_signing_serializer", None)
    return make(app) if make is not None else None


def _plain(start_response: StartResponse, status: str, text: str) -> Iterable[bytes]:
    body = text.encode()
    start_response(
        status,
        [
            ("Content-Type", "text/plain"),
            ("Content-Length", str(len(body))),
            ("X-Greenroom-Worker", str(os.getpid())),
        ],
    )
    return [body]
