"""A small marketplace: many sellers, one cart. `create_app` makes the Flask application."""

from __future__ import annotations

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from shop import cli, db, logs, metrics
from shop.config import Settings
from shop.static_manifest import init_static_manifest
from shop.web import register

__all__ = ["create_app"]


def create_app(settings: Settings | None = None) -> Flask:
    """The application, set up from the environment (or from the settings given)."""
    settings = settings or Settings.from_env()
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SECRET_KEY_FALLBACKS=list(settings.secret_key_fallbacks),
        SESSION_COOKIE_SECURE=settings.secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        REMEMBER_COOKIE_SECURE=settings.secure,
        REMEMBER_COOKIE_HTTPONLY=True,
        REMEMBER_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=None,
        MAX_CONTENT_LENGTH=24 * 1024 * 1024,
        SEND_FILE_MAX_AGE_DEFAULT=300,
    )
    app.extensions["shop.settings"] = settings
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    logs.init_app(app, settings)
    metrics.init_app(app)
    init_static_manifest(app)
    db.init_app(app, settings)
    register(app, settings)
    cli.init_app(app)
    if settings.behind_proxy:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)  # type: ignore[method-assign]
    return app
