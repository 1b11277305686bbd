"""How a GitLab far away fails: down, slow, in a hurry, or behind something that lies."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import requests

from greenroom.testing.gitlab.paging import Answer

DOWN = ("refused", "timeout", "500", "502", "503", "504")
"""Ways of being away."""

TORN = ("html", "half", "not-a-list", "null-item", "no-paging")
"""Answers with status 200 that are none."""


@dataclass(slots=True)
class Trouble:
    """What goes wrong. ``away_until``: nothing is answered before that moment, in seconds since the epoch, in the way ``how``.

    ``at``: what is done to the n-th request from now (0 is the next one): one of ``DOWN``, ``TORN`` or "429".
    ``limit`` requests a minute are answered, 0: all. ``retry_after`` seconds go with a 429 and, if not 0, with a 503.
    """

    away_until: float = 0.0
    how: str = "503"
    at: dict[int, str] = field(default_factory=dict)
    limit: int = 0
    retry_after: int = 3
    _minute: int = -1
    _used: int = 0
    _seen: int = 0

    def before(self, now: float) -> Answer | None:
        """The answer that comes instead of the true one, if any. Raises what requests raises when nothing answers."""
        kind = self.at.get(self._seen, "") if now >= self.away_until else self.how
        self._seen += 1
        if kind == "refused":
            raise requests.ConnectionError("connection refused")
        if kind == "timeout":
            raise requests.ReadTimeout("read timed out")
        if kind == "429" or self._too_many(now):
            return self._limited(now)
        if kind in DOWN:
            wait = {"retry-after": str(self.retry_after)} if kind == "503" and self.retry_after else {}
            return Answer(int(kind), {"message": f"{kind} something broke"}, wait)
        return None

    def after(self, answer: Answer) -> Answer:
        """The true answer, or what is left of it."""
        kind = self.at.get(self._seen - 1, "")
        if kind not in TORN or not isinstance(answer.body, list):
            return answer
        if kind == "html":
            return replace(answer, raw=b"<html><title>Sign in</title></html>")
        if kind == "half":
            return replace(answer, raw=answer.bytes[: len(answer.bytes) // 2])
        if kind == "not-a-list":
            return replace(answer, body={"message": "please wait"})
        if kind == "null-item":
            return replace(answer, body=[*answer.body, None])
        return replace(answer, headers={k: v for k, v in answer.headers.items() if not _pages(k)})

    def plan(self, **at: str) -> None:
        """What happens to the requests from now on: ``plan(n0="503", n2="half")``."""
        self._seen = 0
        self.at = {int(key[1:]): kind for key, kind in at.items()}

    def _too_many(self, now: float) -> bool:
        minute = int(now // 60)
        if minute != self._minute:
            self._minute, self._used = minute, 0
        self._used += 1
        return bool(self.limit) and self._used > self.limit

    def _limited(self, now: float) -> Answer:
        headers = {
            "retry-after": str(self.retry_after),
            "ratelimit-limit": str(self.limit),
            "ratelimit-remaining": "0",
            "ratelimit-reset": str(int(now) + self.retry_after),
        }
        return Answer(
            429, {"message": {"error": "This endpoint has been requested too many times."}}, headers
        )


def _pages(header: str) -> bool:
    return header.startswith("x-") or header == "link"
