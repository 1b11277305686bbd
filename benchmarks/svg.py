"""Plots as SVG, without a library: horizontal bars, and lines over a count. Pure: data in, text out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

WIDTH = 760
LEFT, RIGHT, TOP, BOTTOM = 230, 90, 54, 40
ROW = 30
COLOURS = ("#2f6f62", "#c2542d", "#35618f", "#8a6d1f", "#7a4a86", "#4d7d2e", "#9c3f5d", "#5b5b5b", "#1f8a8a")
STYLE = (
    "<style>text{font:13px system-ui,sans-serif;fill:#222}.t{font-size:15px;font-weight:600}.m{fill:#666}"
    ".g{stroke:#ddd}@media(prefers-color-scheme:dark){text{fill:#ddd}.m{fill:#aaa}.g{stroke:#444}}</style>"
)


def bars(title: str, values: Mapping[str, float], unit: str, own: str = "") -> str:
    """One bar a value, labelled; ``own`` is the bar that stands out."""
    most = max(values.values(), default=0.0) or 1.0
    room = WIDTH - LEFT - RIGHT
    parts = []
    for row, (name, value) in enumerate(values.items()):
        y = TOP + row * ROW
        long = room * value / most
        colour = COLOURS[0] if name == own or not own else "#b9b2a6"
        parts.append(_text(LEFT - 10, y + 17, name, "end"))
        parts.append(f'<rect x="{LEFT}" y="{y + 3}" width="{long:.1f}" height="20" fill="{colour}"/>')
        parts.append(_text(LEFT + long + 6, y + 17, f"{number(value)} {unit}".strip()))
    return _picture(title, TOP + len(values) * ROW + 14, parts)


def lines(
    title: str, xs: Sequence[float], series: Mapping[str, Sequence[float]], x_name: str, y_name: str
) -> str:
    """One line a series over common ``xs``, from zero; each is named beside its end."""
    left, right, high = 64, 170, 300
    most = nice(max((max(ys) for ys in series.values()), default=1.0))
    first, last = xs[0], xs[-1] if xs[-1] != xs[0] else xs[0] + 1
    room = WIDTH - left - right
    parts = [_grid(left, room, high, most, y) for y in range(5)]
    ends = []
    for i, (name, ys) in enumerate(series.items()):
        colour = COLOURS[i % len(COLOURS)]
        points = [
            (left + room * (x - first) / (last - first), TOP + high * (1 - y / most))
            for x, y in zip(xs, ys, strict=True)
        ]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        ends.append((points[-1][1], name, colour))
    for y, name, colour in spaced(ends, 15):
        x = WIDTH - right
        parts.append(f'<rect x="{x + 6}" y="{y - 5:.1f}" width="9" height="9" fill="{colour}"/>')
        parts.append(_text(x + 20, y + 4, name))
    bottom = TOP + high + 18
    parts += [_text(left, bottom, number(first)), _text(left + room, bottom, number(last), "end")]
    parts.append(_text(left + room / 2, bottom + 14, x_name, "middle", "m"))
    parts.append(_text(left, TOP - 8, y_name, "start", "m"))
    return _picture(title, TOP + high + BOTTOM, parts)


def spaced(ends: Sequence[tuple[float, str, str]], gap: float) -> list[tuple[float, str, str]]:
    """The labels from top to bottom, none nearer than ``gap`` to the one above."""
    placed: list[tuple[float, str, str]] = []
    for y, name, colour in sorted(ends):
        y = max(y, placed[-1][0] + gap) if placed else y
        placed.append((y, name, colour))
    limit = TOP + 300.0
    for i in reversed(range(len(placed))):
        y, name, colour = placed[i]
        placed[i] = (min(y, limit), name, colour)
        limit = placed[i][0] - gap
    return placed


def nice(value: float) -> float:
    """The next 1, 2, 4, 5 or 8 times a power of ten: where an axis ends."""
    if value <= 0:
        return 1.0
    power = 10 ** math.floor(math.log10(value))
    return float(next(step * power for step in (1, 2, 4, 5, 8, 10) if step * power >= value))


def number(value: float) -> str:
    """A value as people write it: up to three significant places, thousands whole."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _grid(left: float, room: float, high: float, most: float, step: int) -> str:
    y = TOP + high * (1 - step / 4)
    line = f'<line class="g" x1="{left}" y1="{y:.1f}" x2="{left + room}" y2="{y:.1f}"/>'
    return line + _text(left - 8, y + 4, number(most * step / 4), "end", "m")


def _text(x: float, y: float, text: str, anchor: str = "start", kind: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{named}>{escape(text)}</text>'


def _picture(title: str, height: float, parts: Sequence[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" role="img">'
    named = f"<title>{escape(title)}</title>{_text(14, 24, title, 'start', 't')}"
    return "\n".join([head, STYLE, named, *parts, "</svg>"]) + "\n"
