"""Is this a five-field cron line?"""

from __future__ import annotations

import re

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of the month", 1, 31, {}),
    ("month", 1, 12, {name: n for n, name in enumerate(_MONTHS, 1)}),
    ("day of the week", 0, 7, {name: n for n, name in enumerate(_DAYS)}),
)
"""Name, lowest, highest value and names of each field; 0 and 7 are Sunday (crontab(5))."""

_PART = re.compile(r"(?P<low>\*|\w{1,3})(-(?P<high>\w{1,3}))?(/(?P<step>[0-9]{1,2}))?")


def schedule(line: str) -> str:
    """The line itself, its blanks made single; ValueError names the field that is wrong."""
    fields = line.split()
    if len(fields) != len(FIELDS):
        raise ValueError('must have five fields (minute hour day month weekday), such as "0 4 * * *"')
    for field, (name, low, high, names) in zip(fields, FIELDS, strict=True):
        if not all(_fits(part.lower(), low, high, names) for part in field.split(",")):
            raise ValueError(f"has a wrong {name} field {field[:40]!r} ({low} to {high})")
    return " ".join(fields)


def _fits(part: str, low: int, high: int, names: dict[str, int]) -> bool:
    match = _PART.fullmatch(part)
    if match is None or (match["step"] is not None and int(match["step"]) == 0):
        return False
    if match["low"] == "*":
        return match["high"] is None
    first = _number(match["low"], names)
    last = first if match["high"] is None else _number(match["high"], names)
    return low <= first <= last <= high


def _number(word: str, names: dict[str, int]) -> int:
    if word in names:
        return names[word]
    return int(word) if word.isascii() and word.isdigit() else -1
