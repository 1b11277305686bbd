"""What Greenroom asks an app about itself, inside its worker processes.

Standard library only; the app's own packages are found where the app has loaded them. Answered below
``/.greenroom/`` and only with the probe's header; neither comes through the edge. No answer holds a setting's value.

``GET about``: pools, what is kept in the memory of one process. ``GET sign``: a session cookie and a form's token.
``GET heads``: the revisions applied to the database (null: it cannot be read). ``GET work``: what the answers of this process have cost.
``POST verify`` with a list of such: which of them this process accepts (null: the app has no such thing).
"""

import importlib
import importlib.util
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

Json = dict[str, Any]
MOST_BODY = 1_000_000


def answer(
    app: Any,
    slot: str,
    environ: Json,
    start_response: Callable[..., Any],
    work: Callable[[], Json] = dict,
) -> Iterable[bytes]:
    """A WSGI answer to whatever is asked below ``/.greenroom/``. ``work`` tells what this process has counted."""
    flask, path = _flask(app), environ["PATH_INFO"].removeprefix("/.greenroom/")
    status = "200 OK"
    found: Any = None
    if "HTTP_X_GREENROOM_PROBE" not in environ:
        status = "404 Not Found"
    elif path == "about":
        found = {"pools": _pools(flask), "memory": sorted(_memory(flask))}
    elif path == "sign":
        found = _sign(flask, slot)
    elif path == "heads":
        found = _heads()
    elif path == "work":
        found = work()
    elif path == "verify" and environ["REQUEST_METHOD"] == "POST":
        found = [_verify(flask, signed) for signed in _body(environ)]
    else:
        status = "404 Not Found"
    body = json.dumps(found).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response(status, [*headers, ("X-Greenroom-Worker", str(os.getpid()))])
    return [body]


def _heads() -> "list[str] | None":
    """By the app's own driver, on a connection of its own."""
    place = os.path.join(os.path.dirname(os.path.abspath(__file__)), "heads.py")  # noqa: PTH100, PTH118, PTH120
    spec = importlib.util.spec_from_file_location("greenroom_heads", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    try:
        return module.heads(os.environ["DATABASE_URL"])  # type: ignore[no-any-return]
    except Exception:  # noqa: BLE001 - whatever the driver raises, nobody knows the heads
        return None


def _body(environ: Json) -> list[Json]:
    length = min(int(environ.get("CONTENT_LENGTH") or 0), MOST_BODY)
    found = json.loads(environ["wsgi.input"].read(length) or b"[]")
    return found if isinstance(found, list) else []


def _flask(app: Any) -> Any:
    """The Flask app inside middlewares (``ProxyFix(app.wsgi_app).app`` is a method of it), or None."""
    for _ in range(8):
        if hasattr(app, "session_interface"):
            return app
        inside = [getattr(app, name, None) for name in ("app", "wsgi_app", "application", "__self__")]
        app = next((found for found in inside if callable(found)), None)
    return None


def _sign(flask: Any, slot: str) -> Json:
    serializer = _serializer(flask)
    found = {"session": serializer.dumps({"greenroom": slot}) if serializer else None}
    return {**found, **_token(flask)}


def _verify(flask: Any, signed: Json) -> Json:
    return {"session": _verify_session(flask, signed), "csrf": _verify_token(flask, signed)}


def _verify_session(flask: Any, signed: Json) -> "bool | None":
    serializer = _serializer(flask)
    if serializer is None or not signed.get("session"):
        return None
    try:
        serializer.loads(signed["session"])
    except Exception:  # noqa: BLE001 - itsdangerous is the app's, not ours: any refusal counts
        return False
    return True


def _serializer(flask: Any) -> Any:
    interface = getattr(flask, "session_interface", None)
    make = getattr(interface, "get_signing_serializer", None)
    return make(flask) if make is not None else None


def _csrf(flask: Any) -> Any:
    """Flask-WTF's module, where the app has loaded it and signs its forms."""
    if flask is None or "flask_wtf" not in sys.modules or not flask.config.get("WTF_CSRF_ENABLED", True):
        return None
    return importlib.import_module("flask_wtf.csrf")


def _field(flask: Any) -> str:
    return str(flask.config.get("WTF_CSRF_FIELD_NAME", "csrf_token"))


def _token(flask: Any) -> Json:
    """A form's token, and what the session of that form would hold. The session itself is never stored."""
    module = _csrf(flask)
    if module is None:
        return {"csrf": None, "raw": None}
    try:
        with flask.test_request_context("/"):
            token = module.generate_csrf()
            return {"csrf": token, "raw": importlib.import_module("flask").session[_field(flask)]}
    except Exception:  # noqa: BLE001 - an app whose forms cannot be signed here has nothing to compare
        return {"csrf": None, "raw": None}


def _verify_token(flask: Any, signed: Json) -> "bool | None":
    module = _csrf(flask)
    if module is None or not signed.get("csrf"):
        return None
    with flask.test_request_context("/"):
        importlib.import_module("flask").session[_field(flask)] = signed["raw"]
        try:
            module.validate_csrf(signed["csrf"])
        except Exception:  # noqa: BLE001 - whatever is raised, a visitor's form would be refused
            return False
    return True


def _pools(flask: Any) -> "list[Json]":
    """The connection pools of this process: of Flask extensions, and of engines at the top of modules."""
    engines = {id(engine.pool): (where, engine.pool) for where, engine in _engines(flask)}
    kind = getattr(sys.modules.get("sqlalchemy.pool"), "QueuePool", ())
    return [
        {"where": where, "most": _most(pool)} for where, pool in engines.values() if isinstance(pool, kind)
    ]


def _most(pool: Any) -> "int | None":
    """Pool and overflow; None without a limit (``pool_size=0`` or ``max_overflow=-1``)."""
    size, overflow = pool.size(), pool._max_overflow
    return None if size == 0 or overflow < 0 else size + overflow


def _engines(flask: Any) -> "Iterator[tuple[str, Any]]":
    kind = getattr(sys.modules.get("sqlalchemy.engine"), "Engine", None)
    if kind is None:
        return
    extensions = getattr(flask, "extensions", {})
    places = [(f"{name}.", module) for name, module in list(sys.modules.items())]
    for prefix, place in [*places, *((f"{name}: ", value) for name, value in list(extensions.items()))]:
        for key, value in list(getattr(place, "__dict__", {}).items()):
            # Only the type of a foreign value is looked at: asking a proxy for anything may run the app's code.
            if issubclass(type(value), kind):
                yield f"{prefix}{key}", value
    if type(extensions.get("sqlalchemy")).__module__.startswith("flask_sqlalchemy"):
        with flask.app_context():
            for key, value in extensions["sqlalchemy"].engines.items():
                yield f"Flask-SQLAlchemy ({key or 'default'})", value


def _memory(flask: Any) -> "set[str]":
    """Flask-Limiter and Flask-Caching, where their storage is this process's memory."""
    extensions, found = getattr(flask, "extensions", {}), set()
    limiters = extensions.get("limiter", ())
    for limiter in limiters if isinstance(limiters, set | list | tuple) else (limiters,):
        storage = type(getattr(limiter, "_storage", None)).__module__
        if getattr(limiter, "enabled", True) and storage.endswith("storage.memory"):
            found.add("Flask-Limiter")
    caches = extensions.get("cache", {})
    for backend in caches.values() if isinstance(caches, dict) else ():
        if "simple" in type(backend).__module__.rpartition(".")[2]:
            found.add("Flask-Caching")
    return found
