"""A proof as text and as a page: the same figures, each loss, nothing that a browser could trip over."""

from __future__ import annotations

import itertools
import re
from xml.etree import ElementTree

import pytest

from greenroom.cli.render import charts
from greenroom.cli.render.proofs import as_text
from greenroom.cli.render.report import LISTED, as_html
from greenroom.domain.tally import Cause, Kind, Record, fold
from greenroom.domain.timeline import after_switches, timeline
from greenroom.services.proving import Chapter, Proof

OLD, NEW = "aaaaaaaaaaaa-1", "bbbbbbbbbbbb-2"


def proof(losses: int = 1, deploys: int = 1, kept: bool = True) -> Proof:
    records = [
        *(Record(100 + n / 10, 20, Kind.GET, "/", 200, None, OLD if n < 200 else NEW) for n in range(400)),
        *(Record(110 + n / 1000, 5, Kind.POST, "/<b>", None, Cause.RESET) for n in range(losses)),
    ]
    chapters = [
        Chapter(f"deploy {n + 1}", 105 + n * 30 / deploys, 105 + (n + 1) * 30 / deploys, True, "it serves")
        for n in range(deploys)
    ]
    chapters.append(Chapter("gate", 136, 138, kept, "not-ready & <well>"))
    made = Proof(
        tally=fold(records, [c.phase for c in chapters]),
        chapters=chapters,
        switches=after_switches(records, [(NEW, 120.0)]),
        timeline=timeline(records, 100, 140, 40),
        deploys=deploys,
        seconds=40.0,
    )
    made.before = {**proof_figures(made), "requests": 12_345}
    return made


def proof_figures(made: Proof) -> dict[str, object]:
    return made.to_json()


def test_the_text_lists_figures_phases_and_losses() -> None:
    text = as_text(proof(losses=2))
    assert text.startswith("NOT KEPT: 2 request(s) lost")
    assert re.search(r"requests +402 +12,345\n", text)
    assert re.search(r"p99 in 10 s after a switch +20 ms +20 ms", text)
    assert "kept   gate: not-ready" in text
    assert text.count("LOST post /<b>: reset") == 2
    assert "during deploy 1" in text


@pytest.mark.parametrize(
    ("made", "verdict"),
    [
        (proof(losses=0), "every promise was kept"),
        (proof(losses=0, kept=False), "NOT KEPT: 1 phase(s) came out otherwise than promised"),
        (Proof(interrupted=True, seconds=3.0), "interrupted after 3 s; these are the figures so far"),
    ],
)
def test_the_verdict_comes_first(made: Proof, verdict: str) -> None:
    assert as_text(made).splitlines()[0] == verdict


def test_the_page_stands_alone_and_escapes_what_it_shows() -> None:
    page = as_html(proof())
    assert not re.search(r"<script|<link|src=|https?://|<b>|<well>", page)
    assert "12,345" in page
    assert page.count("<tr") == page.count("</tr>")
    drawing = ElementTree.fromstring(page[page.index("<svg") : page.index("</svg>") + 6])
    titles = [t.text for t in drawing.iter("title")]
    assert {OLD, NEW, "nobody"} <= set(titles)
    assert "lost: post /<b>, reset, during deploy 1" in titles
    assert f"{NEW}: p99 20 ms" in titles
    assert as_html(proof(losses=LISTED + 7)).count("and 7 more") == 1


@pytest.mark.parametrize("deploys", [1, 100])
def test_names_of_phases_do_not_overlap(deploys: int) -> None:
    drawing = ElementTree.fromstring(charts.timeline(proof(deploys=deploys)))
    names = [t for t in drawing.iter("text") if t.get("class") == "phase"]
    assert "gate" in {t.text for t in names}
    for lane in {t.get("y") for t in names}:
        spans = sorted(
            (float(t.get("x", 0)), len(t.text or "") * charts.LETTER) for t in names if t.get("y") == lane
        )
        for (x, width), (following, _) in itertools.pairwise(spans):
            assert x + width <= following
        assert all(x + width <= charts.WIDTH for x, width in spans)


@pytest.mark.parametrize(
    ("value", "top"), [(0.4, 1), (1, 1), (1.2, 1.5), (130, 150), (999, 1000), (10_001, 15_000)]
)
def test_scales_end_at_round_figures(value: float, top: float) -> None:
    assert charts._round_up(value) == top
