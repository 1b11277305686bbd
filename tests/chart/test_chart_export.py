"""The chart in a team's repository, and its page that is written from the schema."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from chart_of import CHART, PRODUCTION, helm_binary
from click.testing import CliRunner

from greenroom.cli.main import cli
from greenroom.domain.charting import compare, digest
from greenroom.domain.errors import Exit, GreenroomError
from greenroom.drivers.charts.folder import DiskChartFolder, packaged, texts
from greenroom.drivers.charts.helm import HelmRenderer
from greenroom.services.charting import export


def test_the_readme_is_what_the_schema_says() -> None:
    script = CHART.parents[1] / "scripts" / "chart-readme"
    printed = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    assert printed.stdout == (CHART / "README.md").read_text()


def test_what_is_exported_is_the_chart(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["-C", str(tmp_path), "--json", "chart", "export", "deploy/chart"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["result"]["written"] == sorted(texts(packaged()))
    assert texts(tmp_path / "deploy" / "chart") == texts(CHART)
    again = CliRunner().invoke(cli, ["-C", str(tmp_path), "chart", "export", "deploy/chart"])
    assert again.stdout.strip() == "the chart in deploy/chart is up to date"


def test_a_changed_file_is_shown_and_kept(tmp_path: Path) -> None:
    chart, folder = {"a": "one\n", "b": "two\n"}, DiskChartFolder(tmp_path)
    export(chart, folder, force=False)
    (tmp_path / "a").write_text("mine\n")
    newer = {"a": "three\n", "b": "four\n"}
    with pytest.raises(GreenroomError) as caught:
        export(newer, folder, force=False)
    assert (caught.value.code, caught.value.exit) == ("chart-changed", Exit.REFUSED)
    assert "-mine" in caught.value.details
    assert "+three" in caught.value.details
    assert texts(tmp_path) == {"a": "mine\n", "b": "two\n"}
    export(newer, folder, force=True)
    assert texts(tmp_path) == newer


def test_what_was_left_alone_is_brought_up_to_date(tmp_path: Path) -> None:
    folder = DiskChartFolder(tmp_path)
    export({"a": "one\n", "gone": "x\n"}, folder, force=False)
    (tmp_path / "own").write_text("of the team\n")
    done = export({"a": "two\n", "new": "y\n"}, folder, force=False)
    assert (dict(done.write), done.remove) == ({"a": "two\n", "new": "y\n"}, ("gone",))
    assert texts(tmp_path) == {"a": "two\n", "new": "y\n", "own": "of the team\n"}


def test_without_a_record_only_equal_files_are_ours() -> None:
    assert dict(compare({"a": "x"}, {"a": "x"}, {}).changed) == {}
    assert list(compare({"a": "x"}, {"a": "y"}, {}).changed) == ["a"]
    assert dict(compare({"a": "x"}, {"a": "y"}, {"a": digest("y")}).changed) == {}


def test_rendering_says_what_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "values.json"
    file.write_text(json.dumps({**PRODUCTION, "strategy": "canary"}))
    renderer = HelmRenderer(helm_binary(), CHART)
    with pytest.raises(GreenroomError) as caught:
        renderer.render("shop", "shop", [str(file)])
    assert (caught.value.code, caught.value.exit) == ("values-refused", Exit.USAGE)
    assert "/strategy" in caught.value.details
    file.write_text(json.dumps(PRODUCTION))
    assert "kind: Deployment" in renderer.render("shop", "shop", [str(file)])


def test_a_missing_helm_is_told() -> None:
    with pytest.raises(GreenroomError) as caught:
        HelmRenderer("no-such-helm", CHART).render("shop", "shop", [])
    assert (caught.value.code, caught.value.exit) == ("helm-missing", Exit.USAGE)
