"""Error pages in the shop's own clothes; JSON for the API."""

from __future__ import annotations

import logging

from flask import Flask, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException, InternalServerError

from shop.logs import request_id

log = logging.getLogger("shop.errors")

TEXTS = {
    400: ("That did not work", "The request was not understood. Please go back and try again."),
    401: ("Please sign in", "You need an account to see this page."),
    403: ("Not your shelf", "Your account may not see this page."),
    404: ("We looked everywhere", "This page does not exist, or not any more."),
    405: ("That did not work", "This page does not take that kind of request."),
    413: ("Too large", "That upload is larger than we can take."),
    500: ("Something broke", "It is our fault, not yours. We have been told about it."),
    503: ("Back in a moment", "The shop cannot answer right now. Please try again soon."),
}


def _answer(code: int, text: str) -> ResponseReturnValue:
    title, default = TEXTS.get(code, TEXTS[500 if code >= 500 else 400])
    if request.path.startswith("/api/"):
        return jsonify(error=text or default, request_id=request_id()), code
    # Pages of failure must not need the database: see error.html.
    page = render_template(
        "error.html", code=code, title=title, text=text or default, request_id=request_id()
    )
    return page, code


def http_error(error: HTTPException) -> ResponseReturnValue:
    """Answer an expected error."""
    if error.response is not None:
        return error.get_response()
    return _answer(error.code or 500, "")


def csrf_error(_error: CSRFError) -> ResponseReturnValue:
    """A form without a sound token."""
    return _answer(400, "This form has expired. Please go back, load the page again and try once more.")


def crash(error: InternalServerError) -> ResponseReturnValue:
    """An unexpected error: logged with its traceback, shown without."""
    original = error.original_exception
    if original is not None:
        log.error("unhandled error on %s", request.path, exc_info=original)
    away = isinstance(original, OperationalError | PoolTimeoutError)
    return _answer(503 if away else 500, "")


def init_app(app: Flask) -> None:
    """Use these pages."""
    app.register_error_handler(CSRFError, csrf_error)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(InternalServerError, crash)
