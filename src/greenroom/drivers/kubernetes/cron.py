"""Cron lines as Kubernetes takes them: its week has the days 0 to 6, and Sunday is not 7 besides."""

from __future__ import annotations

DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


def for_kubernetes(line: str) -> str:
    """The same times; ``line`` has five good fields (:func:`greenroom.config.cron.schedule`)."""
    *before, weekday = line.split()
    return " ".join((*before, ",".join(_part(part.lower()) for part in weekday.split(","))))


def _part(part: str) -> str:
    """A part that reaches the seventh day, written as the days that it means; any other as it is."""
    span, _, step = part.partition("/")
    low, dash, high = span.partition("-")
    if "7" not in (low, high):
        return part
    days = range(_day(low), _day(high if dash else low) + 1, int(step or 1))
    return ",".join(str(day) for day in sorted({day % 7 for day in days}))


def _day(word: str) -> int:
    return DAYS.index(word) if word in DAYS else int(word)
