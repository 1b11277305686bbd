"""Greenroom's server layer: gunicorn's configuration for every app, run inside the app's own environment.

Standard library only: greenroom itself is not installed there. It sets ``X-Release`` on every answer, tells the probe
which worker process answered, and lets Greenroom ask what ``inspection.py`` beside it answers. The probe's paths and
headers never come through the edge.
"""

import atexit
import importlib
import importlib.util
import logging
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


def _beside(name: str) -> Any:
    """A module of this folder, which must not be on the app's own import path."""
    place = os.path.join(os.path.dirname(os.path.abspath(__file__)), f"{name}.py")  # noqa: PTH100, PTH118, PTH120
    spec = importlib.util.spec_from_file_location(f"greenroom_{name}", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_inspection = _beside("inspection")
_work = _beside("work")

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
        self.work = _work.Work()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO", "").startswith("/.greenroom/"):
            told = self.work.told
            return _inspection.answer(self.app, SLOT, environ, start_response, told)  # type: ignore[no-any-return]
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
        began = time.perf_counter()
        try:
            return self.app(environ, start)  # type: ignore[no-any-return]
        except Exception:
            # Not even the app's error page came to be; the answer must still say whose it is.
            logging.getLogger("gunicorn.error").exception(
                "Error handling request %s", environ.get("PATH_INFO")
            )
            body = b"Internal Server Error"
            length = ("Content-Length", str(len(body)))
            start("500 Internal Server Error", [("Content-Type", "text/plain"), length], sys.exc_info())
            return [body]
        finally:
            if not probed:
                self.work.add(began)

    def _fault(self, probed: bool) -> str:
        """The status to answer with instead of the app, or nothing."""
        if time.time() > FAULT_UNTIL:
            return ""
        if probed:
            return "503 Service Unavailable" if FAULT == "unready" else ""
        bad = FAULT == "turns-bad" and self.pages > FAULT_AFTER
        return "500 Internal Server Error" if bad else ""
