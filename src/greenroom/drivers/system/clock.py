"""The real clock."""

from __future__ import annotations

import time


class SystemClock:
    """Wall clock time; see :class:`greenroom.ports.Clock`."""

    def now(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
