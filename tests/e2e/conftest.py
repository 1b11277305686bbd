"""A running shop per test module."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from shop import Shop

LONGEST = frozenset({"test_e2e_environments.py", "test_e2e_prove.py", "test_e2e_releases.py"})


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A module here tells one story of one shop: its tests run in the order in which they are written, and before all others,
    so that what is left for the last minute of two workers is short."""
    here = Path(__file__).parent
    told = [item for item in items if item.path.parent == here]
    told.sort(key=lambda item: (item.path.name not in LONGEST, item.path.name, item.location[1] or 0))
    items[:] = [*told, *(item for item in items if item.path.parent != here)]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The shop, up, with a small catalogue; stopped at the end."""
    made = Shop(tmp_path_factory.mktemp("shop") / "marketplace")
    made.make()
    try:
        made.json("up")
        made.seed(24)
        yield made
    finally:
        made.destroy()
