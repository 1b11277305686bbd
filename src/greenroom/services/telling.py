"""Tell the team, where its branches live, what became of a deploy. Nothing fails because that cannot be told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from greenroom.domain.errors import Exit, GreenroomError, unforeseen
from greenroom.domain.events import Emit, note
from greenroom.domain.news import News, disruption, migrations
from greenroom.domain.release import Release
from greenroom.domain.steps import Plan
from greenroom.services.remembering import remembered
from greenroom.services.target import Target


@contextmanager
def telling(target: Target, plan: Plan, release: Release | None) -> Iterator[Callable[[str | None], None]]:
    """Around a deploy, which gives the slot that serves afterwards. What it raises is told, and raised on. Without a release it is
    no deploy of one, and nothing is told."""
    began = target.doors.clock.monotonic()
    serving: list[str | None] = []
    try:
        yield serving.append
    except GreenroomError as error:
        if error.exit is not Exit.INTERRUPTED:  # whoever interrupts does not want to wait for a forge
            _tell(target, plan, release, None, error.message, began)
        raise
    _tell(target, plan, release, serving[-1] if serving else None, "", began)


def _tell(
    target: Target, plan: Plan, release: Release | None, serving: str | None, failure: str, began: float
) -> None:
    board, clock = target.board, target.doors.clock
    if board is None or release is None:
        return
    news = News(
        place=target.place,
        branch=remembered(target).owner,
        release=release,
        migrations=migrations(plan, release),
        disruption=disruption(plan),
        failure=failure,
        serving=serving,
        seconds=clock.monotonic() - began,
        at=clock.now(),
    )
    warned(target.emit, lambda: board.tell(news))


def untold(target: Target) -> None:
    """An environment is gone: nobody should read of it as if it were there."""
    board = target.board
    if board is not None:
        warned(target.emit, lambda: board.forget(target.place.host))


def warned(emit: Emit, act: Callable[[], None]) -> None:
    """Do it; a failure, of whatever kind, is a warning with its cause."""
    try:
        act()
    except Exception as error:  # noqa: BLE001 - what is done is done, whatever a forge answers
        told = error if isinstance(error, GreenroomError) else unforeseen(error)
        hint = f" ({told.hint})" if told.hint else ""
        emit(note(f"warning: the forge could not be told: {told.message}{hint}"))
