"""The step list with times, drawn in place in a terminal."""

from __future__ import annotations

import time

from rich.console import Console, Group, RenderableType
from rich.live import Live as RichLive
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from greenroom.domain.events import Event


class Live:
    """Finished steps with a tick and their time, the current one with a spinner."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._live: RichLive | None = None
        self._title = ""
        self._note = ""
        self._began = 0.0

    def __call__(self, event: Event) -> None:
        """Draw one event."""
        if event.name == "step.started":
            self._title, self._note, self._began = event.text, "", time.monotonic()
            self._start()
        elif event.name in {"step.done", "step.failed"}:
            self._finish(event)
        elif event.name == "finding":
            self._console.print(Text(f"! {event.text}", style="yellow"))
        elif self._live is not None and self._title:
            self._note = event.text
            self._live.update(self._current())
        else:
            self._console.print(Text(f"  {event.text}", style="dim"))

    def close(self) -> None:
        """End the display; finished lines stay."""
        if self._live is not None:
            self._live.update(Group())
            self._live.stop()
            self._live = None

    def _start(self) -> None:
        if self._live is None:
            self._live = RichLive(console=self._console, refresh_per_second=10, transient=True)
            self._live.start()
        self._live.update(self._current())

    def _current(self) -> RenderableType:
        return _Running(self._title, self._began, self._note)

    def _finish(self, event: Event) -> None:
        failed = event.name == "step.failed"
        mark, style = ("✗", "bold red") if failed else ("✓", "green")
        row = Table.grid(padding=(0, 1), expand=False)
        row.add_column(width=1)
        row.add_column(width=9, justify="right", style="dim")
        row.add_column()
        text = Text(self._title)
        if event.text and not failed:
            text.append(f"  {event.text}", style="dim")
        row.add_row(Text(mark, style=style), f"{event.seconds or 0.0:.2f} s", text)
        self._title = ""
        if self._live is not None:
            self._live.update(Group())
        self._console.print(row)


class _Running:
    """A spinner line that counts its own seconds."""

    def __init__(self, title: str, began: float, note: str) -> None:
        self._spinner = Spinner("dots", style="cyan")
        self._title, self._began, self._note = title, began, note

    def __rich__(self) -> RenderableType:
        row = Table.grid(padding=(0, 1))
        row.add_column(width=1)
        row.add_column(width=9, justify="right", style="dim")
        row.add_column()
        text = Text(self._title)
        if self._note:
            text.append(f"  {self._note}", style="dim")
        row.add_row(self._spinner, f"{time.monotonic() - self._began:.1f} s", text)
        return row
