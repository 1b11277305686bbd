"""Who may bring what on stage when: the policy of an environment that is guarded, as data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEKLY = re.compile(r"([A-Za-z]{3}) ([0-2]\d):([0-5]\d) ?- ?([A-Za-z]{3}) ([0-2]\d):([0-5]\d)")
_DATES = re.compile(r"(\d{4}-\d\d-\d\d)(?: ?\.\. ?(\d{4}-\d\d-\d\d))?")
_WEEK = 7 * 24 * 60


@dataclass(frozen=True, slots=True)
class Quiet:
    """A stretch of every week, in minutes since Monday 00:00; it may go over the week's end."""

    text: str
    start: int
    end: int

    def covers(self, moment: datetime) -> bool:
        """Does the moment, in the policy's own time zone, lie in it? Its end does not."""
        minute = (moment.weekday() * 24 + moment.hour) * 60 + moment.minute
        return (minute - self.start) % _WEEK < (self.end - self.start) % _WEEK


@dataclass(frozen=True, slots=True)
class Freeze:
    """Days, the first and the last included."""

    text: str
    first: date
    last: date

    def covers(self, moment: datetime) -> bool:
        """Does the moment, in the policy's own time zone, lie in it?"""
        return self.first <= moment.date() <= self.last


def quiet(text: str) -> Quiet:
    """``"Fri 15:00 - Mon 07:00"``. Raises ValueError with a phrase that completes ``"key" ...``."""
    found = _WEEKLY.fullmatch(text.strip())
    if found is None or found[1].lower() not in DAYS or found[4].lower() not in DAYS:
        raise ValueError('must be a stretch of the week such as "Fri 15:00 - Mon 07:00"')
    start, end = _minute(found[1], found[2], found[3]), _minute(found[4], found[5], found[6])
    if start == end or int(found[2]) > 23 or int(found[5]) > 23:
        raise ValueError("must begin and end at different times of the week, hours from 00 to 23")
    return Quiet(text.strip(), start, end)


def freeze(text: str) -> Freeze:
    """``"2026-12-20 .. 2027-01-02"`` or one day. Raises ValueError like :func:`quiet`."""
    found = _DATES.fullmatch(text.strip())
    try:
        first = date.fromisoformat(found[1] if found else "")
        last = date.fromisoformat(found[2]) if found and found[2] else first
    except ValueError:
        raise ValueError('must be days such as "2026-12-20 .. 2027-01-02"') from None
    if last < first:
        raise ValueError("must not end before it begins")
    return Freeze(text.strip(), first, last)


def _minute(day: str, hour: str, minute: str) -> int:
    return (DAYS.index(day.lower()) * 24 + int(hour)) * 60 + int(minute)


@dataclass(frozen=True, slots=True)
class Gate:
    """What stands before an environment. ``after``: the environment that must have served the very build before.

    ``who``: those who may; none: everybody. On one machine that is the login name, which whoever has the machine may
    choose: it guards against haste, not against malice.
    """

    after: str | None = None
    quiet: tuple[Quiet, ...] = ()
    freeze: tuple[Freeze, ...] = ()
    who: tuple[str, ...] = ()
    zone: tzinfo = UTC

    def refusals(self, now: float, who: str, served: bool) -> tuple[str, ...]:
        """Why not, every reason; empty when it may. ``now`` in seconds since the epoch; ``served``: by ``after``."""
        return tuple(self._refusals(datetime.fromtimestamp(now, self.zone), who, served))

    def _refusals(self, moment: datetime, who: str, served: bool) -> Iterator[str]:
        if self.after and not served:
            yield f"{self.after} has not served this build"
        if self.who and who not in self.who:
            yield f"{who or 'somebody without a name'} is not among those who may: {', '.join(self.who)}"
        spans: tuple[Quiet | Freeze, ...] = (*self.quiet, *self.freeze)
        for span in spans:
            if span.covers(moment):
                yield f"it is quiet time ({span.text}, and it is {moment:%a %Y-%m-%d %H:%M %Z})"


OPEN = Gate()
"""Nothing stands before it."""
