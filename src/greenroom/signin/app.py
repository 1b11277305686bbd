"""The Flask app: which address leads to what. Only the edge can reach its socket."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path

from flask import Flask, Response, request

from greenroom.signin import arriving, door, entering
from greenroom.signin.asked import asked
from greenroom.signin.pages import guarded, page, plain
from greenroom.signin.parts import Parts, assemble
from greenroom.signin.settings import Unusable

LARGEST_FORM = 65_536
"""Bytes."""

View = Callable[[Parts], Response]


def create_app(state: str) -> Flask:
    """The service of one project; ``state`` is its state folder under its short path."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    return build(assemble(Path(state)))


def build(parts: Parts) -> Flask:
    """The app around its parts."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_FORM
    app.url_map.merge_slashes = False

    def at(path: str, view: View, method: str, sign_in_host: bool | None) -> None:
        def answer() -> Response:
            return view(parts) if _belongs(parts, sign_in_host) else plain("not found", 404)

        endpoint = f"{method} {path} {sign_in_host}"
        app.add_url_rule(f"/.greenroom/{path}", endpoint, answer, methods=[method])

    at("check", door.check, "GET", None)
    at("code", arriving.code, "GET", False)
    at("leave", arriving.leave, "GET", False)
    at("sign-in", entering.sign_in, "GET", True)
    at("sign-in", entering.password, "POST", True)
    at("callback", entering.callback, "GET", True)
    at("sign-out", entering.sign_out, "GET", True)
    app.after_request(guarded)
    app.register_error_handler(Unusable, _unusable)
    return app


def _belongs(parts: Parts, sign_in_host: bool | None) -> bool:
    """Is this address one of the host that was asked?"""
    if sign_in_host is None:
        return True
    return (asked(request).host == parts.settings.now().door.sign_in.host) is sign_in_host


def _unusable(error: Exception) -> Response:
    logging.getLogger("greenroom.signin").error("nobody may pass: %s", error)
    answer = page("Back in a moment", 503, "The sign-in is not ready.")
    answer.headers["Retry-After"] = "10"
    return answer
