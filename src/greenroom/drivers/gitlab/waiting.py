"""How long to wait for a GitLab that is away or has enough, and how far its clock is from ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from greenroom.ports import Clock

FIRST, LONGEST = 1.0, 30.0
"""Seconds before the second try; each wait is twice the one before, up to the longest, unless GitLab says when."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A try that may be made again. ``wait``: seconds that GitLab asks for; ``done``: was it carried out? None: nobody knows."""

    why: str
    wait: float | None = None
    done: bool | None = False


@dataclass(slots=True)
class Patience:
    """Waits for at most ``limit`` seconds in a command, over all of its requests together."""

    clock: Clock
    say: Callable[[str], None]
    limit: float
    spent: float = 0.0
    tries: int = 0

    def wait(self, failed: Failed, took: float) -> bool:
        """Wait before the next try; False when there is no patience left for that. ``took``: seconds that the try itself did."""
        self.spent += took
        pause = min(FIRST * 2.0**self.tries, LONGEST) if failed.wait is None else max(failed.wait, FIRST)
        self.tries += 1
        if self.spent + pause > self.limit:
            return False
        self.say(f"GitLab: {failed.why}; asked again in {pause:g} s")
        began = self.clock.monotonic()
        self.clock.sleep(pause)
        self.spent += self.clock.monotonic() - began
        return True

    @property
    def told(self) -> str:
        """How long it was waited for."""
        return f"and {self.spent:.0f} s of waiting have not helped"


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that GitLab asks to wait for; ``now`` only matters where it tells no date itself."""
    wait = headers.get("retry-after", "")
    if wait.isdigit():
        return float(wait)
    reset = headers.get("ratelimit-reset", "")
    if reset.isdigit():
        return max(0.0, float(reset) - (_date(headers.get("date", "")) or now))
    return None


def skew(date: str, began: float, ended: float) -> float:
    """How many seconds GitLab's clock is ahead of ours, by the date of an answer to a request of that time; 0 where they may agree."""
    told = _date(date)
    if told is None or began - 2.0 <= told <= ended + 1.0:
        return 0.0
    return told - ended if told > ended else told - began


def _date(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError):
        return None
