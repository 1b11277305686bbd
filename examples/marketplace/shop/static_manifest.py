"""Copy this into your app: `url_for("static", ...)` with hashed names, for any Flask application.

When STATIC_MANIFEST names a JSON file such as {"css/shop.css": "css/shop.1a2b3c4d5e.css"}, links to
static files use the hashed names below STATIC_URL. Without it nothing changes.
"""

import json
import os
from pathlib import Path
from typing import Any

from flask import Flask


def init_static_manifest(app: Flask) -> None:
    """Call once in the factory, before templates are rendered."""
    if not (path := os.environ.get("STATIC_MANIFEST")):
        return
    names: dict[str, str] = json.loads(Path(path).read_text("utf-8"))
    base = os.environ.get("STATIC_URL", "/static/").rstrip("/") + "/"
    plain = app.url_for

    def url_for(endpoint: str, /, **values: Any) -> str:
        hashed = names.get(values.get("filename", "")) if endpoint == "static" and len(values) == 1 else None
        return base + hashed if hashed else plain(endpoint, **values)

    app.url_for = url_for  # type: ignore[method-assign, assignment]
    app.jinja_env.globals["url_for"] = url_for
