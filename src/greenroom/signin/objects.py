"""Uploads of a private environment: where they lie. The edge fetches them with what is signed for one request."""

from __future__ import annotations

from urllib.parse import quote

PREFIX = b"/media/"


def object_path(bucket: str, path: bytes) -> str | None:
    """Where in the store the upload at ``/media/...`` lies, encoded; None for what could lead out of ``public/``."""
    if not path.startswith(PREFIX):
        return None
    parts = path[len(PREFIX) :].split(b"/")
    if any(p in {b"", b".", b".."} or b"\\" in p or min(p) < 32 or 127 in p for p in parts):
        return None
    return quote(f"/{bucket}/public/", safe="/") + "/".join(quote(p, safe="~") for p in parts)
