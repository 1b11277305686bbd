"""Run inside an environment that has the app's packages and no greenroom: asks apps through the server layer.

Prints one JSON object: the answers by the name of the app.
"""

from __future__ import annotations

import importlib.util
import io
import json
import sys
import warnings
from typing import Any

warnings.simplefilter("ignore")
spec = importlib.util.spec_from_file_location("inspection", sys.argv[1])
assert spec is not None
assert spec.loader is not None
inspection = importlib.util.module_from_spec(spec)
spec.loader.exec_module(inspection)


def ask(app: Any, path: str, body: Any = None, probe: bool = True) -> tuple[str, Any]:
    said: list[str] = []
    sent = b"" if body is None else json.dumps(body).encode()
    environ = {
        "PATH_INFO": f"/.greenroom/{path}",
        "REQUEST_METHOD": "GET" if body is None else "POST",
        "CONTENT_LENGTH": str(len(sent)),
        "wsgi.input": io.BytesIO(sent),
    }
    if probe:
        environ["HTTP_X_GREENROOM_PROBE"] = "1"
    answer = b"".join(inspection.answer(app, "slot-1", environ, lambda status, headers: said.append(status)))
    return said[0], json.loads(answer)


def flask_app(key: str, **config: Any) -> Any:
    from flask import Flask

    app = Flask("shop")
    app.config.update(SECRET_KEY=key, **config)
    return app


def with_database() -> Any:
    from flask_sqlalchemy import SQLAlchemy

    options = {"pool_size": 7, "max_overflow": 4}
    url = "postgresql+psycopg://nobody:secret-word@127.0.0.1:1/none"
    binds = {"reports": {"url": url, "pool_size": 2, "max_overflow": -1}, "files": "sqlite://"}
    app = flask_app(
        "k", SQLALCHEMY_DATABASE_URI=url, SQLALCHEMY_ENGINE_OPTIONS=options, SQLALCHEMY_BINDS=binds
    )
    SQLAlchemy(app)
    return app


def with_limits(**config: Any) -> Any:
    from flask_caching import Cache
    from flask_limiter import Limiter
    from flask_limiter.util import get_remote_address

    app = flask_app("k", **config)
    Limiter(get_remote_address, app=app)
    Cache(app)
    return app


def with_forms(key: str, **config: Any) -> Any:
    from flask_wtf import CSRFProtect
    from werkzeug.middleware.proxy_fix import ProxyFix

    app = flask_app(key, **config)
    CSRFProtect(app)
    return ProxyFix(app.wsgi_app)


def bare(environ: Any, start_response: Any) -> Any:
    raise AssertionError("the app itself was asked")


def main() -> None:
    wrapped, changed = with_forms("one"), with_forms("one", WTF_CSRF_SECRET_KEY="two")
    signed = ask(wrapped, "sign")[1]
    rotated = with_forms("new", SECRET_KEY_FALLBACKS=["one"])
    found = {
        "bare": [ask(bare, "about"), ask(bare, "sign"), ask(bare, "verify", [signed])],
        "unasked": ask(wrapped, "about", probe=False),
        "unknown": ask(wrapped, "everything"),
        "database": ask(with_database(), "about"),
        "memory": ask(with_limits(CACHE_TYPE="SimpleCache"), "about"),
        "switched off": ask(with_limits(CACHE_TYPE="NullCache", RATELIMIT_ENABLED=False), "about"),
        "same": ask(wrapped, "verify", [signed]),
        "another form key": ask(changed, "verify", [signed]),
        "rotated": ask(rotated, "verify", [signed]),
        "another key": ask(with_forms("other"), "verify", [signed, {}]),
    }
    print(json.dumps(found))


main()
