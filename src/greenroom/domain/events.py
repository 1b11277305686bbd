"""What is happening, as data; listeners draw, record or ignore it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened.

    ``name``: ``step.started``, ``step.done``, ``step.failed``, ``step.note``, ``note``, or ``finding`` for what a guard
    found without refusing (its data is the finding). ``step`` is the step's
    kind, ``text`` its line for people, ``seconds`` how long it took, ``data`` what a machine may want.
    """

    name: str
    text: str
    step: str = ""
    seconds: float | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


Emit = Callable[[Event], None]
"""Takes an event and returns at once."""


def note(text: str, **data: Any) -> Event:
    """An event that is only a line of text."""
    return Event("note", text, data=data)
