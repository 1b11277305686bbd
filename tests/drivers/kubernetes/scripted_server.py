"""An API server of which a test says what it answers, over real HTTP; a clock that does not wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from listening import Json, Replying, listening

from greenroom.drivers.kubernetes.api import Api
from greenroom.drivers.kubernetes.reaching import Cluster

Answer = Callable[[str, str, str], tuple[int, Json]]
"""Of a method, a path and a token."""


class HastyClock:
    """Its time goes on when somebody sleeps."""

    def __init__(self) -> None:
        self.at = 0.0

    def now(self) -> float:
        """Seconds."""
        return self.at

    def monotonic(self) -> float:
        """Seconds."""
        return self.at

    def sleep(self, seconds: float) -> None:
        """Takes no time."""
        self.at += seconds


@contextmanager
def serving(answer: Answer) -> Iterator[tuple[int, list[str]]]:
    """The port, and what has been asked as ``METHOD path``."""
    asked: list[str] = []

    class Handler(Replying):
        def reply(self, body: Json | None) -> tuple[int, Json]:
            path = self.path.partition("?")[0]
            asked.append(f"{self.command} {path}")
            return answer(self.command, path, self.headers.get("Authorization", ""))

    with listening(Handler) as port:
        yield port, asked


@contextmanager
def api_of(answer: Answer) -> Iterator[tuple[Api, list[str], HastyClock]]:
    """What is asked through it, and its clock."""
    with serving(answer) as (port, asked):
        clock = HastyClock()
        api = Api(lambda: Cluster("127.0.0.1", port, None, {}), clock, lambda _text: None)
        try:
            yield api, asked, clock
        finally:
            api.close()
