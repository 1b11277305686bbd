"""The pure parts of the benchmarks, on what a real run recorded: statistics, plots, tables."""

from __future__ import annotations

import json
import random
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from benchmarks.endurance import verdicts
from benchmarks.losses import split
from benchmarks.machine import part_of
from benchmarks.report import BEGIN, END, into, markdown, plots
from benchmarks.stats import fit, judge, median, ratio, spread
from benchmarks.svg import nice, number, spaced

HERE = Path(__file__).resolve().parents[2] / "benchmarks"
RUNS = sorted((HERE / "results").glob("20*.json"))


@pytest.fixture(params=RUNS, ids=lambda file: file.stem)
def recorded(request: pytest.FixtureRequest) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(request.param.read_text())
    return found


def test_there_is_a_recorded_run() -> None:
    assert RUNS


def test_medians_and_ratios() -> None:
    assert median([3, 1, 2]) == 2
    assert median([1.23456, 1.23456]) == 1.235
    assert spread([4, 1, 7]) == {"median": 4, "min": 1, "max": 7, "n": 3}
    assert ratio(1, 3) == 0.333
    assert ratio(1, 0) is None
    with pytest.raises(ValueError, match="no values"):
        median([])


def test_a_line_is_found_and_one_odd_sample_moves_nothing() -> None:
    ys = [5 + 2.0 * x for x in range(10)]
    assert fit(range(10), ys).slope == 2
    assert fit(range(10), ys).at_start == 5
    ys[4] = 900
    assert fit(range(10), ys).slope == pytest.approx(2, rel=0.05)
    with pytest.raises(ValueError, match="two different"):
        fit([1, 1], [2, 3])


def test_a_leak_is_told_from_noise() -> None:
    dice = random.Random(7)
    xs = list(range(0, 201, 10))
    noisy = [100 + dice.uniform(-3, 3) for _ in xs]
    assert not judge(xs, noisy, 0.10, 2.0).grows
    assert judge(xs, [y + 0.1 * x for x, y in zip(xs, noisy, strict=True)], 0.10, 2.0).grows
    warming = [40 if x == 0 else 100 for x in xs]
    assert judge(xs, warming, 0.10, 2.0).growth == 0
    one_descriptor_each_deploy = [30 + x for x in xs]
    assert judge(xs, one_descriptor_each_deploy, 0.0, 0.5).grows


def test_what_stays_must_not_grow_and_what_is_started_afresh_may_vary() -> None:
    def sample(deploys: int, weed: int, gunicorn: int) -> dict[str, Any]:
        rest = {figure: {"weed": 1} for figure in ("pss_mb", "threads", "folder_mb")}
        return {"deploys": deploys, **rest, "descriptors": {"weed": weed, "gunicorn": gunicorn}}

    def growing(samples: list[dict[str, Any]]) -> set[str]:
        return {v["part"] for v in verdicts(samples) if v["grows"]}

    assert growing([sample(n, 95, 38 + n % 3) for n in range(12)]) == set()
    assert growing([sample(n, 95 + n, 38) for n in range(12)]) == {"weed"}
    assert growing([sample(n, 95, 38 * (n + 1)) for n in range(12)]) == {"gunicorn"}


def test_losses_fall_to_the_deploy_during_which_they_happened() -> None:
    assert split([10.0, 20.0], [9.0, 10.0, 19.9, 20.0, 99.0]) == [2, 2]


def test_units_become_parts() -> None:
    assert part_of("edge", "python -m greenroom.drivers.local.keeper 127.0.0.1 443 0 caddy run") == "keeper"
    assert part_of("edge", "caddy run --config x") == "caddy"
    assert part_of("web-0123456789ab-4", "gunicorn") == "gunicorn"
    assert part_of("mailer-0123456789ab-4-1", "python -m shop.worker") == "mailer"
    assert part_of("s3", "weed mini") == "weed"


def test_axes_and_labels() -> None:
    assert [nice(x) for x in (0, 0.7, 3, 41, 90)] == [1, 0.8, 4, 50, 100]
    assert [number(x) for x in (0, 0.0712, 12.345, 1234.5)] == ["0", "0.0712", "12.3", "1,234"]
    tops = [y for y, _, _ in spaced([(50, "a", ""), (51, "b", ""), (52, "c", "")], 15)]
    assert tops == [50, 65, 80]
    low = [(60, "far", ""), (350, "a", ""), (352, "b", ""), (354, "c", "")]
    assert [y for y, _, _ in spaced(low, 15)] == [60, 324, 339, 354]


def test_plots_of_a_run_are_whole_svg(recorded: dict[str, Any]) -> None:
    made = plots(recorded)
    assert "losses" in made
    for name, svg in made.items():
        root = ET.fromstring(svg)
        assert root.tag.endswith("svg"), name
        numbers = [float(n) for n in re.findall(r'(?:width|height|[xy][12]?)="([-0-9.]+)"', svg)]
        assert min(numbers) >= 0, name


def test_verdicts_of_a_run_follow_from_its_samples(recorded: dict[str, Any]) -> None:
    if "endurance" in recorded:
        assert verdicts(recorded["endurance"]["samples"]) == recorded["endurance"]["verdicts"]


def test_the_readme_shows_the_newest_run() -> None:
    text = (HERE / "README.md").read_text()
    newest = json.loads(RUNS[-1].read_text())
    assert into(text, markdown(newest)) == text
    for picture in re.findall(r"\]\((results/[^)]+)\)", text):
        assert (HERE / picture).is_file(), picture
    with pytest.raises(ValueError, match="no place"):
        into("nothing", "x")
    assert into(f"a\n{BEGIN}\nold\n{END}\nb", "new\n") == f"a\n{BEGIN}\n\nnew\n\n{END}\nb"


def test_results_name_no_place_of_a_machine() -> None:
    for file in (HERE / "results").iterdir():
        assert not re.search(r"/(home|root|tmp|work|Users)/", file.read_text()), file.name
