"""The real clock."""

from __future__ import annotations

import time


class SystemClock:
    """See :class:`greenroom.ports.Clock`."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
