"""References in style sheets: ``url(...)`` and ``@import``, nothing in comments or other strings."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from urllib.parse import quote, unquote

_TOKEN = re.compile(
    r"""
      /\*.*?(?:\*/|\Z)
    | @import\s*(?P<quote1>["'])(?P<imported>(?:(?!(?P=quote1))[^\\\n])*)(?P=quote1)
    | (?<![\w-])url\(\s*(?:(?P<quote2>["'])(?P<quoted>(?:(?!(?P=quote2))[^\\\n])*)(?P=quote2)
                         | (?P<bare>[^\s"'()\\]+))\s*\)
    | "(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*'
    """,
    re.DOTALL | re.IGNORECASE | re.VERBOSE,
)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)
_SPLIT = re.compile(r"([^?#]*)(.*)", re.DOTALL)


def references(css: str) -> Iterator[str]:
    """Every reference, as written."""
    for match in _TOKEN.finditer(css):
        group = _group(match)
        if group:
            yield match[group]


def rewrite(css: str, change: Callable[[str], str]) -> str:
    """The style sheet with each reference replaced by what ``change`` makes of it."""

    def replaced(match: re.Match[str]) -> str:
        group = _group(match)
        if not group:
            return match[0]
        start, end = match.start(group) - match.start(), match.end(group) - match.start()
        return match[0][:start] + change(match[group]) + match[0][end:]

    return _TOKEN.sub(replaced, css)


def target(reference: str, base: str, url: str) -> str | None:
    """The static file that ``reference`` in the file ``base`` means; None: not a static file.

    Paths are relative to the static folder, which is served below ``url``.
    """
    path = _path(reference)
    if not path or _SCHEME.match(reference):
        return None
    if path.startswith("/"):
        return posixpath.normpath(path[len(url) :]) if path.startswith(url) else None
    found = posixpath.normpath(posixpath.join(posixpath.dirname(base), path))
    return None if found.startswith("..") else found


def renamed(reference: str, name: str) -> str:
    """The reference with its last part replaced by ``name``; query and fragment stay."""
    path, tail = _SPLIT.fullmatch(reference).groups()  # type: ignore[union-attr]
    return str(path[: path.rfind("/") + 1] + quote(name) + tail)


def _path(reference: str) -> str:
    path = reference.split("#", 1)[0].split("?", 1)[0]
    return unquote(path.encode("latin-1", "replace").decode("utf-8", "replace"))


def _group(match: re.Match[str]) -> str:
    return next((g for g in ("imported", "quoted", "bare") if match[g] is not None), "")
