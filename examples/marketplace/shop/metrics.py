"""Prometheus metrics, summed over all worker processes when PROMETHEUS_MULTIPROC_DIR is set."""

from __future__ import annotations

import os
import time
from pathlib import Path

# The client library chooses its storage when it is imported, so the folder must be there by then.
if _folder := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
    Path(_folder).mkdir(parents=True, exist_ok=True)

from flask import Flask, Response, g, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

REQUESTS = Counter("shop_http_requests", "Requests answered.", ["method", "endpoint", "status"])
SECONDS = Histogram(
    "shop_http_request_seconds",
    "Time to answer.",
    ["endpoint"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
ORDERS = Counter("shop_orders_placed", "Orders placed.")
JOBS = Counter("shop_jobs", "Jobs the worker took from the outbox.", ["outcome"])


def render() -> bytes:
    """All metrics as text."""
    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def init_app(app: Flask) -> None:
    """Count every request; serve /metrics."""

    @app.before_request
    def begin() -> None:
        g.metrics_began = time.perf_counter()

    @app.after_request
    def count(response: Response) -> Response:
        endpoint = request.endpoint or "none"
        method = request.method if request.method in {"GET", "HEAD", "POST", "OPTIONS"} else "other"
        REQUESTS.labels(method, endpoint, str(response.status_code)).inc()
        began = g.get("metrics_began")
        if began is not None:
            SECONDS.labels(endpoint).observe(time.perf_counter() - began)
        return response

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(render(), content_type=CONTENT_TYPE_LATEST)
