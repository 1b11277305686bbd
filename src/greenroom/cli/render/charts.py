"""Drawings for the report: inline SVG, coloured by the page's own style."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from greenroom.domain.tally import EDGE, NOBODY
from greenroom.services.proving import Chapter, Proof

WIDTH, LEFT, RIGHT = 1000.0, 46.0, 10.0
LANES = 3
LANE = 17.0
TOP = LANES * LANE + 8
RATES, GAP, SWITCHES, BOTTOM = 170.0, 34.0, 80.0, 24.0
HEIGHT = TOP + RATES + GAP + SWITCHES + BOTTOM
HUES = 4
"""So many colours for slots, in turn."""
LETTER = 6.2
"""Width of a letter of the labels, roughly."""


class Scale:
    """From moments of the load's clock to the drawing's x."""

    def __init__(self, proof: Proof) -> None:
        line = proof.timeline
        assert line is not None
        self.began_s = line.began_s
        self.seconds = line.width_s * max((len(rates) for _, rates in line.rates), default=1)

    def x(self, at_s: float) -> float:
        """Where that moment is."""
        share = min(max((at_s - self.began_s) / self.seconds, 0.0), 1.0)
        return LEFT + share * (WIDTH - LEFT - RIGHT)


def timeline(proof: Proof) -> str:
    """Phases above, requests per second by slot, losses on top of them, p99 after each switch below."""
    scale = Scale(proof)
    parts = [*_phases(proof.chapters, scale), *_rates(proof, scale), *_losses(proof, scale)]
    parts += [*_switches(proof, scale), *_axis(scale)]
    label = "Requests per second over time, with phases, losses and the latency after each switch"
    inner = "\n".join(parts)
    return f'<svg viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" aria-label="{label}">\n{inner}\n</svg>'


def _phases(chapters: Sequence[Chapter], scale: Scale) -> Iterator[str]:
    """Bands behind everything; a name where there is room for it in one of the lanes."""
    free = [0.0] * LANES
    for chapter in chapters:
        x, right = scale.x(chapter.start_s), scale.x(chapter.end_s)
        kind = "deploy" if chapter.name.startswith("deploy") else "special"
        style = f"band {kind if chapter.kept else 'broken'}"
        title = f"<title>{escape(chapter.name)}: {escape(chapter.told)}</title>"
        high = TOP + RATES
        yield f'<rect class="{style}" x="{x:.1f}" y="0" width="{max(right - x, 1):.1f}" height="{high:g}">{title}</rect>'
        name = chapter.name.removeprefix("deploy ") if kind == "deploy" and chapter.kept else chapter.name
        width = LETTER * len(name) + 6
        # Deploys are many: their numbers stay in the lowest lane, and are left out where they would touch.
        lanes = range(LANES - 1, LANES) if kind == "deploy" and chapter.kept else range(LANES)
        start = min(x, WIDTH - width)
        lane = next((i for i in lanes if free[i] <= start), None)
        if lane is not None:
            free[lane] = start + width
            y = (lane + 1) * LANE - 4
            yield f'<text class="phase" x="{start + 2:.1f}" y="{y:.1f}">{escape(name)}</text>'


def _rates(proof: Proof, scale: Scale) -> Iterator[str]:
    """Stacked areas, as steps; two lines of the scale."""
    line = proof.timeline
    assert line is not None
    peak = _round_up(line.peak)
    yield from _lines(TOP, RATES, peak, "requests/s")
    count = max((len(rates) for _, rates in line.rates), default=0)
    base = [0.0] * count
    for number, (who, rates) in enumerate(line.rates):
        top = [below + rate for below, rate in zip(base, rates, strict=True)]
        used = [i for i in range(count) if rates[i]]
        if used:
            first, last = used[0], used[-1]
            upper = _steps(scale, line.began_s, line.width_s, top, first, last, peak)
            lower = _steps(scale, line.began_s, line.width_s, base, first, last, peak)
            points = " ".join(f"{x:.1f},{y:.1f}" for x, y in (*upper, *reversed(lower)))
            yield f'<polygon class="{_hue(who, number)}" points="{points}"><title>{escape(who)}</title></polygon>'
        base = top


def _steps(
    scale: Scale, began_s: float, width_s: float, values: Sequence[float], first: int, last: int, peak: float
) -> list[tuple[float, float]]:
    points = []
    for i in range(first, last + 1):
        y = TOP + RATES * (1 - values[i] / peak)
        points += [(scale.x(began_s + i * width_s), y), (scale.x(began_s + (i + 1) * width_s), y)]
    return points


def _hue(who: str, number: int) -> str:
    return {EDGE: "edge", NOBODY: "nobody"}.get(who, f"slot{number % HUES}")


def _losses(proof: Proof, scale: Scale) -> Iterator[str]:
    y = TOP + 7
    for loss in proof.tally.losses:
        x = scale.x(loss.at_s)
        title = f"lost: {loss.kind} {loss.path}, {loss.cause}, during {loss.phase or 'no phase'}"
        shape = f"M{x - 5:.1f} {y - 5:.1f}l10 10m0 -10l-10 10"
        yield f'<path class="loss" d="{shape}"><title>{escape(title)}</title></path>'


def _switches(proof: Proof, scale: Scale) -> Iterator[str]:
    """A dot a switch: p99 of the ten seconds after it."""
    top = TOP + RATES + GAP
    known = [(s, s.p99_ms) for s in proof.switches if s.p99_ms is not None]
    peak = _round_up(max((p99 for _, p99 in known), default=1.0))
    yield from _lines(top, SWITCHES, peak, "p99 after a switch, ms")
    for switch, p99 in known:
        y = top + SWITCHES * (1 - p99 / peak)
        title = f"<title>{escape(switch.slot)}: p99 {p99:.0f} ms</title>"
        yield f'<circle class="p99" cx="{scale.x(switch.at_s):.1f}" cy="{y:.1f}" r="3.5">{title}</circle>'


def _lines(top: float, high: float, peak: float, label: str) -> Iterator[str]:
    y = top - 4 if top > TOP else top + 13  # above the upper one stand the names of phases
    yield f'<text class="axis" x="{LEFT + 2}" y="{y:.1f}">{label}</text>'
    for share in (0.0, 0.5, 1.0):
        y = top + high * (1 - share)
        yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text class="axis" x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{peak * share:g}</text>'


def _axis(scale: Scale) -> Iterator[str]:
    step = next((s for s in (5, 10, 30, 60, 120, 300, 600, 1800) if scale.seconds / s <= 12), 3600)
    for second in range(0, int(scale.seconds) + 1, step):
        text = f"{second // 60}:{second % 60:02}"
        x = scale.x(scale.began_s + second)
        yield f'<text class="axis" x="{x:.1f}" y="{HEIGHT - 6:.1f}" text-anchor="middle">{text}</text>'


def _round_up(value: float) -> float:
    """The next of 1, 1.5, 2, 3, 4, 6, 8 or 10 times a power of ten."""
    power = 1.0
    while power * 10 < value:
        power *= 10
    return next(power * f for f in (1, 1.5, 2, 3, 4, 6, 8, 10) if power * f >= min(value, power * 10))
