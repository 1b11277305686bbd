"""Pages for whoever runs the shop: probes, media in development, a page that takes its time."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import cast

from flask import Blueprint, Response, abort, current_app, jsonify, request
from flask.typing import ResponseReturnValue

from shop.readiness import Readiness
from shop.services import media
from shop.web.context import s3, settings

bp = Blueprint("operations", __name__)
SLOWEST = 35.0
STREAM_GAP = 0.1


@bp.get("/healthz")
def healthz() -> ResponseReturnValue:
    """Alive: says nothing about the database, on purpose."""
    return jsonify(status="ok")


@bp.get("/readyz")
def readyz() -> ResponseReturnValue:
    """Ready to serve: 503 with the reasons if not."""
    problems = cast(Readiness, current_app.extensions["shop.readiness"]).problems()
    if problems:
        return jsonify(status="not ready", reasons=problems), 503
    return jsonify(status="ready", release=settings().release)


@bp.get("/media/<path:key>")
def media_file(key: str) -> ResponseReturnValue:
    """A public object. In production the edge answers this from the bucket."""
    if ".." in key.split("/"):
        abort(404)
    data = media.fetch(s3(), settings().s3_bucket, key)
    if data is None:
        abort(404)
    response = Response(data, mimetype="image/webp")
    response.headers["Cache-Control"] = media.FOREVER
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@bp.get("/slow")
def slow() -> ResponseReturnValue:
    """Answers after `s` seconds (at most 35), for proofs under load. Off unless SHOP_SLOW_PAGE=1."""
    seconds = _wanted_seconds()
    time.sleep(seconds)
    return Response(f"slept {seconds:g} s\n", mimetype="text/plain")


@bp.get("/stream")
def stream() -> ResponseReturnValue:
    """Answers in pieces, one line every tenth of a second for `s` seconds (at most 35). Off like /slow."""
    lines = round(_wanted_seconds() / STREAM_GAP)
    return Response(_lines(lines), mimetype="text/plain")


def _lines(count: int) -> Iterator[str]:
    for number in range(1, count + 1):
        time.sleep(STREAM_GAP)
        yield f"line {number} of {count}\n"
    yield "the end\n"


def _wanted_seconds() -> float:
    if not settings().slow_page:
        abort(404)
    seconds = request.args.get("s", 1.0, type=float)
    return 0.0 if math.isnan(seconds) else min(max(seconds, 0.0), SLOWEST)
