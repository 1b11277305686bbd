"""Listeners that draw events on stderr."""

from __future__ import annotations

import json
import os
import signal
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


def choose(how: str, out: TextIO) -> Progress:
    """The listener for ``auto``, ``live``, ``lines``, ``json`` or ``none``."""
    if how == "auto":
        how = "live" if out.isatty() else "lines"
    if how == "live":
        from greenroom.cli.render.live import Live

        return Live()
    if how == "lines":
        return Lines(out)
    return JsonLines(out) if how == "json" else Silent()
