"""Answers, and lists in pages: by number with counts, or by keyset with nothing but the next link."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

MOST = 100
"""GitLab gives no longer page, whatever is asked."""

COUNTED = 10_000
"""Beyond so many, GitLab tells neither x-total nor a last page."""


@dataclass(frozen=True, slots=True)
class Answer:
    """``body`` as JSON (None: no body), unless ``raw`` says otherwise."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None

    @property
    def bytes(self) -> bytes:
        """What goes over the wire."""
        if self.raw is not None:
            return self.raw
        return b"" if self.body is None else json.dumps(self.body).encode()


def paged(
    items: Sequence[Any],
    show: Callable[[Any], Any],
    query: Mapping[str, str],
    url: str,
    name: str = "",
    counted: bool = True,
) -> Answer:
    """One page of a list. ``name``: the attribute that a keyset goes by; without one, pages have numbers only. ``counted``: GitLab
    tells how many there are."""
    size = max(1, min(MOST, int(query.get("per_page", 20))))
    if name and query.get("pagination") == "keyset":
        return _by_keyset(items, show, query, url, name, size)
    page = max(1, int(query.get("page", 1)))
    last = max(1, -(-len(items) // size))
    known = counted and len(items) <= COUNTED
    more = page < last
    links = {"first": 1, "last": last} if known else {"first": 1}
    links |= ({"next": page + 1} if more else {}) | ({"prev": page - 1} if page > 1 else {})
    headers = {
        "x-page": str(page),
        "x-per-page": str(size),
        "x-next-page": str(page + 1) if more else "",
        "x-prev-page": str(page - 1) if page > 1 else "",
        "link": ", ".join(_link(url, query, rel, page=str(n)) for rel, n in links.items()),
        **({"x-total": str(len(items)), "x-total-pages": str(last)} if known else {}),
    }
    return Answer(200, [show(one) for one in items[(page - 1) * size : page * size]], headers)


def _by_keyset(
    items: Sequence[Any],
    show: Callable[[Any], Any],
    query: Mapping[str, str],
    url: str,
    name: str,
    size: int,
) -> Answer:
    after = query.get("page_token")
    down = query.get("sort") == "desc"
    rest = [one for one in items if after is None or _beyond(getattr(one, name), after, down)]
    given = rest[:size]
    headers = {}
    if len(given) == size:  # a full page has a link, also where nothing follows
        headers["link"] = _link(url, query, "next", page_token=getattr(given[-1], name))
    return Answer(200, [show(one) for one in given], headers)


def _beyond(value: Any, after: str, down: bool) -> bool:
    last = type(value)(after)
    return bool(value < last if down else value > last)


def _link(url: str, query: Mapping[str, str], rel: str, **more: str) -> str:
    return f'<{url}?{urlencode({**query, **more})}>; rel="{rel}"'
