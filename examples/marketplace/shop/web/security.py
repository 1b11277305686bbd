"""Security headers: nothing inline, nothing framed, nothing from elsewhere."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response, request

from shop.config import Settings


def policy(settings: Settings) -> str:
    """The Content-Security-Policy."""
    media = urlsplit(settings.media_url)
    images = f"'self' {media.scheme}://{media.netloc}" if media.netloc else "'self'"
    rules = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": images,
        "font-src": "'self'",
        "connect-src": "'self'",
        "manifest-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def init_app(app: Flask, settings: Settings) -> None:
    """Set the headers on every answer."""
    headers = {
        "Content-Security-Policy": policy(settings),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    # Not for *.localhost: browsers would remember it for every other project on this machine.
    if settings.secure and not (urlsplit(settings.public_url).hostname or "").endswith("localhost"):
        headers["Strict-Transport-Security"] = "max-age=31536000"

    @app.after_request
    def protect(response: Response) -> Response:
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        if request.endpoint not in {"static", "operations.media_file"}:
            response.headers.setdefault("Cache-Control", "private, no-cache")
        return response
