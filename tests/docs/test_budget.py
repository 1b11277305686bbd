"""The house's budget (docs/architecture.md), where a check can hold it."""

from __future__ import annotations

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "src" / "greenroom").rglob("*.py"))
Function = ast.FunctionDef | ast.AsyncFunctionDef


def lines(file: Path) -> int:
    """How long a file is."""
    return len(file.read_text().splitlines())


def functions(file: Path) -> Iterator[Function]:
    """Every function of a file, methods and inner ones too."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, Function):
            yield node


def body(function: Function) -> int:
    """Lines of a function's body, its docstring not counted."""
    statements = function.body
    first = statements[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        statements = statements[1:]
    if not statements:
        return 0
    return (statements[-1].end_lineno or 0) - statements[0].lineno + 1


def test_files_are_short() -> None:
    assert [(str(f.relative_to(ROOT)), lines(f)) for f in FILES if lines(f) > 300] == []
    # The aim is 90; it may not grow beyond this.
    assert statistics.median(lines(f) for f in FILES if lines(f) > 5) <= 105


def test_functions_are_short() -> None:
    sizes = sorted(body(f) for file in FILES for f in functions(file))
    assert sizes[-1] <= 50
    assert statistics.median(sizes) <= 6
    assert sizes[int(len(sizes) * 0.9)] <= 20


@pytest.mark.parametrize(
    "file", sorted((ROOT / "src" / "greenroom" / "cli" / "commands").glob("*.py")), ids=lambda f: f.stem
)
def test_commands_only_hand_over(file: Path) -> None:
    assert [(f.name, body(f)) for f in functions(file) if body(f) > 15] == []


def test_comments_are_few() -> None:
    code = comments = 0
    for file in FILES:
        for line in file.read_text().splitlines():
            code += bool(line.strip()) and not line.strip().startswith("#")
            comments += line.strip().startswith("#")
    assert 100 * comments / code < 5


def test_no_mocks() -> None:
    tests = [f for f in (ROOT / "tests").rglob("*.py") if f != Path(__file__)]
    assert [f.name for f in tests if "unittest.mock" in f.read_text() or "MagicMock" in f.read_text()] == []
