"""The service's few pages, and the headers that every one of its answers has."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from flask import Response, make_response, render_template

STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 0; display: grid; min-height: 100vh; place-items: center; }
main { width: min(24rem, 100vw - 3rem); }
h1 { font-size: 1.4rem; }
form { display: grid; gap: .4rem; }
input, button, .button { font: inherit; padding: .5rem .7rem; border: 1px solid #767676; border-radius: .4rem; }
button, .button { margin-top: .6rem; background: #1f5f4a; border-color: #1f5f4a; color: #fff; cursor: pointer; }
.button { display: block; text-align: center; text-decoration: none; }
""".strip()
_DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()

# Not no-referrer: with that, browsers send a form with "Origin: null".
HEADERS = {
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def guarded(answer: Response) -> Response:
    """The headers of every answer."""
    for name, value in HEADERS.items():
        answer.headers.setdefault(name, value)
    answer.headers.setdefault("Content-Security-Policy", policy("'none'"))
    return answer


def policy(forms: str) -> str:
    """What the page may do. ``forms``: where a form may lead, redirects included."""
    return (
        f"default-src 'none'; style-src 'sha256-{_DIGEST}'; form-action {forms};"
        " frame-ancestors 'none'; base-uri 'none'"
    )


def page(title: str, status: int, message: str = "", template: str = "page.html", **more: Any) -> Response:
    """One page."""
    text = render_template(template, title=title, message=message, style=STYLE, **more)
    return make_response(text, status)


def plain(text: str, status: int) -> Response:
    """A line for programs."""
    answer = make_response(text + "\n", status)
    answer.mimetype = "text/plain"
    return answer
