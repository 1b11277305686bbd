"""A board in memory."""

from __future__ import annotations

from dataclasses import dataclass, field

from greenroom.domain.errors import GreenroomError
from greenroom.domain.news import News


@dataclass(slots=True)
class MemoryBoard:
    """See :class:`greenroom.ports.environments.Board`. ``failing``: why nothing can be told now."""

    news: list[News] = field(default_factory=list)
    listed: set[str] = field(default_factory=set)
    failing: str = ""

    def tell(self, news: News) -> None:
        self._reachable()
        self.news.append(news)
        self.listed.add(news.place.host)

    def hosts(self) -> frozenset[str]:
        self._reachable()
        return frozenset(self.listed)

    def forget(self, host: str) -> None:
        self._reachable()
        self.listed.discard(host)

    def _reachable(self) -> None:
        if self.failing:
            raise GreenroomError("board", self.failing, "look at it")
