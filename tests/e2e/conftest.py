"""A running shop per test module."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from shop import Shop


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
