"""Generated files that know whether somebody has changed them."""

from __future__ import annotations

from greenroom.domain.charting import digest

MARK = "# Written by `greenroom ci generate`; changed by hand it is never overwritten. "
HINT = "# What shall differ belongs into .gitlab-ci.yml: a job of the same name there is laid over the one here.\n"


def signed(body: str) -> str:
    """The text with a first line that carries the sum of the rest."""
    rest = HINT + body
    return f"{MARK}sha256:{digest(rest)}\n{rest}"


def untouched(text: str) -> bool:
    """Is it as it was written, by whichever Greenroom?"""
    first, _, rest = text.partition("\n")
    return first == f"{MARK}sha256:{digest(rest)}"
