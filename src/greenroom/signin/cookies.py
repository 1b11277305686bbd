"""The service's cookies: signed, for one host, out of reach of scripts and of other hosts."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from flask import Response
from itsdangerous import BadData, URLSafeTimedSerializer

PASS = "__Host-greenroom"  # noqa: S105 - a cookie's name
"""Who signed in, for one private host."""
BROWSER = "__Host-greenroom-browser"
"""A random number that ties what this browser began to this browser."""
SIGNED_IN = "__Host-greenroom-person"
"""Who signed in, on the sign-in host."""

BROWSER_SECONDS = 3600


def cookie(header: str, name: str) -> str | None:
    """The value of the one cookie of exactly that name; two of them are none."""
    pairs = (part.partition("=") for part in header.split(";"))
    found = [value.strip(" \t") for key, _, value in pairs if key.strip(" \t") == name]
    return found[0] if len(found) == 1 else None


def give(answer: Response, name: str, value: str, seconds: float) -> None:
    """Set a cookie: this host only (``__Host-``), https only, not for scripts, not with foreign requests."""
    answer.set_cookie(name, value, max_age=int(seconds), path="/", secure=True, httponly=True, samesite="Lax")


def drop(answer: Response, name: str) -> None:
    """Let the browser forget it."""
    give(answer, name, "", 0)


def browser_number(header: str) -> tuple[str, bool]:
    """The number that ties things to this browser, and whether it is new."""
    known = cookie(header, BROWSER) or ""
    if len(known) == 43 and known.replace("-", "").replace("_", "").isalnum():
        return known, False
    return secrets.token_urlsafe(32), True


class Signer:
    """Signs and reads small JSON objects; ``salt`` keeps the kinds apart."""

    def __init__(self, key: str, salt: str) -> None:
        self._serializer = URLSafeTimedSerializer(key, salt=f"greenroom.{salt}")

    def sign(self, data: Mapping[str, Any]) -> str:
        """The signed text."""
        return str(self._serializer.dumps(dict(data)))

    def read(self, text: str | None, seconds: float) -> dict[str, Any] | None:
        """What was signed, not longer ago than so many seconds; None for everything else."""
        if not text or len(text) > 4096:
            return None
        try:
            found = self._serializer.loads(text, max_age=int(seconds))
        except BadData:
            return None
        return found if isinstance(found, dict) else None
