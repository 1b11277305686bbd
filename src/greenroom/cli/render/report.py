"""A proof as one self-contained page: no script, nothing loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from greenroom.cli.render import charts
from greenroom.cli.render.proofs import table, verdict
from greenroom.services.proving import Proof

STYLE = Path(__file__).parent / "report.css"
LISTED = 500
"""So many losses are listed on the page; ``--json`` has them all."""


def as_html(proof: Proof) -> str:
    """The page."""
    mood = "good" if proof.kept and not proof.interrupted else "bad"
    seen = proof.tally
    told = (
        f"{seen.requests:,} requests in {proof.seconds:,.0f} s, {len(proof.chapters)} phases, "
        f"{len(proof.switches)} switches, {seen.lost} lost"
    )
    body = [
        f'<header class="{mood}"><p class="name">greenroom prove</p><h1>{escape(verdict(proof))}</h1>',
        f"<p>{told}</p></header>",
        f'<section><h2>Timeline</h2><div class="wide">{charts.timeline(proof)}</div>{_legend()}</section>',
        *_figures(proof),
        *_phases(proof),
        *_lost(proof),
        *(f'<p class="note">{escape(note)}</p>' for note in seen.notes),
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(verdict(proof))}</title>\n<style>\n{STYLE.read_text(encoding='utf-8')}</style>\n</head>\n"
        f"<body>\n{chr(10).join(body)}\n</body>\n</html>\n"
    )


def _legend() -> str:
    keys = (
        ("slot0", "answered by a slot (a colour each)"),
        ("edge", "static files, by the edge"),
        ("nobody", "by nobody"),
        ("special", "a phase that is not a good deploy"),
        ("broken", "a phase that was not as promised"),
    )
    items = "".join(f'<li><i class="{style}"></i>{text}</li>' for style, text in keys)
    return f'<ul class="legend">{items}<li><i class="cross">×</i>a lost request</li></ul>'


def _figures(proof: Proof) -> Iterator[str]:
    before = proof.before is not None
    head = ("", "now", *(("before",) if before else ()))
    rows = [(label, now, *((old,) if before else ())) for label, now, old in table(proof)]
    yield f'<section><h2>Figures</h2><div class="pair">{_table(head, rows)}'
    kinds = sorted(proof.tally.by_kind.items(), key=lambda item: -item[1])
    shares = _table(("", "now"), [(kind, f"{count:,}") for kind, count in kinds])
    yield f"<div><h3>Requests by kind</h3>{shares}</div></div></section>"


def _phases(proof: Proof) -> Iterator[str]:
    rows = [
        (c.name, "kept" if c.kept else "BROKEN", f"{c.end_s - c.start_s:.1f} s", c.told)
        for c in proof.chapters
    ]
    yield f'<section class="phases"><h2>Phases</h2>{_table(("", "", "took", "how it went"), rows)}</section>'


def _lost(proof: Proof) -> Iterator[str]:
    losses = proof.tally.losses
    if not losses:
        yield "<section><h2>Losses</h2><p>None.</p></section>"
        return
    began_s = proof.timeline.began_s if proof.timeline else losses[0].at_s
    rows = [
        (
            f"{x.at_s - began_s:.2f} s",
            f"{x.kind} {x.path}",
            str(x.cause) + (f" {x.status}" if x.status else ""),
            x.phase or "no phase",
            f"{x.lasted_ms:.0f} ms",
        )
        for x in losses[:LISTED]
    ]
    head = ("at", "request", "cause", "during", "lasted")
    more = f"<p>and {len(losses) - LISTED:,} more</p>" if len(losses) > LISTED else ""
    yield f'<section class="losses"><h2>Losses</h2>{_table(head, rows)}{more}</section>'


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    titles = "".join(f'<th scope="col">{escape(text)}</th>' for text in head)
    lines = []
    for first, *rest in rows:
        cells = "".join(f"<td>{escape(text)}</td>" for text in rest)
        style = ' class="broken"' if "BROKEN" in rest[:1] else ""
        lines.append(f'<tr{style}><th scope="row">{escape(first)}</th>{cells}</tr>')
    return f'<div class="wide"><table><thead><tr>{titles}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>'
