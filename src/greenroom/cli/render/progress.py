"""Listeners that draw events on stderr."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from contextlib import suppress
from typing import Protocol, TextIO

from greenroom.domain.events import Event


class Progress(Protocol):
    """Takes events; ``close`` ends a live display."""

    def __call__(self, event: Event) -> None:
        """Draw one event."""

    def close(self) -> None:
        """Leave the terminal as it should be."""


class Silent:
    """Draws nothing."""

    def __call__(self, event: Event) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class Lines:
    """One line when a step begins that may take long, one when it is done: for CI and files."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def __call__(self, event: Event) -> None:
        """Print what happened."""
        match event.name:
            case "step.started":
                self._last = event.text
            case "step.done":
                more = f": {event.text}" if event.text else ""
                print(
                    f"done   {self._last}{more}  ({event.seconds or 0.0:.2f} s)", file=self._out, flush=True
                )
            case "step.failed":
                print(f"FAILED {self._last}: {event.text}", file=self._out, flush=True)
            case _:
                print(f"       {event.text}", file=self._out, flush=True)

    def close(self) -> None:
        """Nothing is open."""


class JsonLines:
    """One JSON object a line."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def __call__(self, event: Event) -> None:
        """Print the event whole."""
        fields = {"event": event.name, "step": event.step, "text": event.text, "seconds": event.seconds}
        print(json.dumps({**fields, **dict(event.data)}), file=self._out, flush=True)

    def close(self) -> None:
        """Nothing is open."""


class CrashAfter:
    """Kills this very process with SIGKILL right after a step: ``KIND`` or ``KIND:N`` for its Nth time."""

    def __init__(self, inner: Progress, where: str) -> None:
        self._inner = inner
        kind, _, count = where.partition(":")
        self._kind, self._left = kind, int(count or 1)

    def __call__(self, event: Event) -> None:
        """Pass it on, or die."""
        self._inner(event)
        if event.name == "step.done" and event.step == self._kind:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def close(self) -> None:
        """Close the inner one."""
        self._inner.close()


class PauseAt:
    """Stops at a named point until a line comes in: right before a step, ``KIND:N``, or right after it, ``KIND:N+``.

    Every step that is announced is such a point, so a new one needs nothing here. For proofs that strike there.
    """

    def __init__(self, inner: Progress, where: str, out: TextIO, answer: TextIO) -> None:
        self._inner = inner
        self._where = where
        self._out = out
        self._answer = answer
        self._seen: Counter[str] = Counter()

    def __call__(self, event: Event) -> None:
        """Pass it on; pause when it is the one."""
        self._inner(event)
        if event.name == "step.started":
            self._seen[event.step] += 1
        after = {"step.started": "", "step.done": "+"}.get(event.name)
        if after is not None and f"{event.step}:{self._seen[event.step]}{after}" == self._where:
            print(json.dumps({"event": "paused", "text": self._where}), file=self._out, flush=True)
            self._answer.readline()

    def close(self) -> None:
        """Close the inner one."""
        self._inner.close()


class Unheard:
    """Goes on when nobody can hear it any more: a closed pipe or a full disk must not end what is told about."""

    def __init__(self, inner: Progress) -> None:
        self._inner = inner

    def __call__(self, event: Event) -> None:
        """Pass it on, if that can be."""
        with suppress(OSError):
            self._inner(event)

    def close(self) -> None:
        """Close the inner one."""
        with suppress(OSError):
            self._inner.close()


def choose(how: str, out: TextIO) -> Progress:
    """The listener for ``auto``, ``live``, ``lines``, ``json`` or ``none``."""
    if how == "auto":
        how = "live" if out.isatty() else "lines"
    if how == "live":
        from greenroom.cli.render.live import Live

        return Unheard(Live())
    if how == "lines":
        return Unheard(Lines(out))
    return Unheard(JsonLines(out)) if how == "json" else Silent()
