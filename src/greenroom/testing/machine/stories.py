"""Releases whose revisions tell every story: the same schema, one more column, one that breaks the old release."""

from __future__ import annotations

from greenroom.domain.release import Release
from greenroom.domain.revisions import Phase, Revision, RevisionGraph

REVISIONS = (
    Revision("0001", (), Phase.EXPAND, title="the first tables"),
    Revision("0002", ("0001",), Phase.EXPAND, title="a new column"),
    Revision("0003", ("0002",), Phase.CONTRACT, title="the old column goes"),
    Revision("0004", ("0003",), Phase.EXPAND, title="one more table"),
    Revision("0005", ("0004",), Phase.CONTRACT, declared=False, title="nobody said what this is"),
)


def release(letter: str, revisions: int, at: float) -> Release:
    """A release that carries the first so many revisions."""
    graph = RevisionGraph(REVISIONS[:revisions])
    return Release(letter * 12, letter * 64, letter * 40, f"release {letter}", "Ada", at, revisions=graph)


RELEASES = {
    one.id: one
    for one in (
        release("a", 1, 1.0),
        release("b", 2, 2.0),
        release("c", 2, 3.0),
        release("d", 2, 4.0),
        release("e", 3, 5.0),
        release("f", 3, 6.0),
        release("1", 5, 7.0),
        release("2", 5, 8.0),
    )
}
"""By id. The first ones come first in time."""

FIRST = "a" * 12
