"""A running shop per test module."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from shop import Shop


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A module here tells one story of one shop: its tests run in the order in which they are written."""
    here = Path(__file__).parent
    places = [i for i, item in enumerate(items) if item.path.parent == here]
    told = sorted((items[i] for i in places), key=lambda item: (item.path.name, item.location[1] or 0))
    for place, item in zip(places, told, strict=True):
        items[place] = item


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
