"""Logs: one line for each request, with its id; JSON when LOG_FORMAT=json."""

from __future__ import annotations

import json
import logging
import re
import time
import uuid
from datetime import UTC, datetime
from typing import Any, cast

from flask import Flask, Response, g, has_request_context, request

from shop.config import Settings

GOOD_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}

log = logging.getLogger("shop.access")


def request_id() -> str:
    """The id of this request: the caller's X-Request-ID if it is a sound one, else a new one."""
    if "request_id" not in g:
        given = request.headers.get("X-Request-ID", "")
        g.request_id = given if GOOD_ID.fullmatch(given) else uuid.uuid4().hex
    return cast(str, g.request_id)


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def __init__(self, constant: dict[str, str] | None = None) -> None:
        super().__init__()
        self.constant = {name: value for name, value in (constant or {}).items() if value}

    def format(self, record: logging.LogRecord) -> str:
        """The line for a record; what was given as `extra` becomes fields of its own."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **self.constant,
        }
        if has_request_context():
            line["request_id"] = request_id()
        line |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


def configure(settings: Settings) -> None:
    """Send the shop's logs to standard error."""
    handler = logging.StreamHandler()
    if settings.json_logs:
        where = {
            "release": settings.release,
            "slot": settings.slot,
            "environment": settings.environment,
        }
        handler.setFormatter(JsonFormatter(where))
    else:
        handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger("shop")
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    root.propagate = False


def init_app(app: Flask, settings: Settings) -> None:
    """Log every request but those of probes."""
    configure(settings)

    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()
        request_id()

    @app.after_request
    def end(response: Response) -> Response:
        response.headers["X-Request-ID"] = request_id()
        if request.path not in QUIET:
            took = time.perf_counter() - g.get("began", time.perf_counter())
            fields = {
                "method": request.method,
                "path": request.path,
                "status": response.status_code,
                "ms": round(took * 1000, 1),
            }
            if settings.json_logs:
                log.info("request", extra=fields)
            elif response.status_code >= 500:
                log.error("%(method)s %(path)s %(status)s in %(ms)s ms", fields)
        return response
