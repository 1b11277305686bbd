"""The docs are whole: every command, exit code and step is in them, every link leads somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from greenroom.cli.main import COMMANDS
from greenroom.domain.errors import Exit
from greenroom.domain.findings import CHECKS, CLUSTER_CHECKS, GITLAB_CHECKS, Check
from greenroom.domain.steps import STEPS

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]


def test_the_command_line_is_current() -> None:
    printed = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "cli-reference")],
        capture_output=True,
        text=True,
        check=True,
        env={"COLUMNS": "100"},
    )
    assert printed.stdout == (ROOT / "docs" / "reference" / "cli.md").read_text()
    assert all(f"\n## {name}\n" in printed.stdout for name in COMMANDS)


def test_every_exit_code_is_explained() -> None:
    text = (ROOT / "docs" / "reference" / "exit-codes.md").read_text()
    assert [code for code in Exit if f"| {int(code)} |" not in text] == []


def test_every_step_is_described() -> None:
    text = (ROOT / "docs" / "concepts" / "slots.md").read_text()
    assert [kind for kind in STEPS if f"`{kind}`" not in text] == []


@pytest.mark.parametrize(
    ("page", "checks"),
    [("checks", CHECKS), ("cluster-checks", CLUSTER_CHECKS), ("gitlab-checks", GITLAB_CHECKS)],
)
def test_every_check_has_its_entry(page: str, checks: dict[str, Check]) -> None:
    text = (ROOT / "docs" / "reference" / f"{page}.md").read_text()
    entries = dict(zip(*[iter(re.split(r"^## ([a-z-]+)$", text, flags=re.MULTILINE)[1:])] * 2, strict=True))
    assert list(entries) == list(checks)
    parts = ("**Without it**", "**Cause**", "**Cure**", "**How it is checked**")
    assert {name: [p for p in parts if p not in entry] for name, entry in entries.items()} == {
        name: [] for name in checks
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text())
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []
