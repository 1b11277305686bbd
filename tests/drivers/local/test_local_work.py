"""What a worker process counts of its own work, in the server layer."""

from __future__ import annotations

import importlib.util
import time
from pathlib import Path
from types import ModuleType

import pytest

from greenroom.drivers.local.slot_units import SERVER


@pytest.fixture
def work() -> ModuleType:
    spec = importlib.util.spec_from_file_location("server_work", SERVER / "work.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_answers_and_their_time_are_counted(work: ModuleType) -> None:
    counted = work.Work()
    before = counted.told()
    for _ in range(3):
        began = time.perf_counter()
        sum(range(100_000))
        counted.add(began)
    after = counted.told()
    assert (before["requests"], after["requests"]) == (0, 3)
    assert after["busy_s"] > 0
    assert after["cpu_s"] > before["cpu_s"]
    assert after["delay_s"] >= before["delay_s"] >= 0


@pytest.mark.parametrize(
    ("limit", "most"), [("50000 100000", 0.5), ("max 100000", 10_000), ("nonsense", 10_000), (None, 10_000)]
)
def test_a_limit_of_the_control_group_counts(
    work: ModuleType, tmp_path: Path, limit: str | None, most: float
) -> None:
    file = tmp_path / "cpu.max"
    if limit is not None:
        file.write_text(limit)
    assert 0 < work.cores(str(file)) <= most


def test_time_without_a_core_is_the_kernels_count(work: ModuleType, tmp_path: Path) -> None:
    for task, told in (("1", "9 2000000000 3"), ("2", "9 500000000 3")):
        (tmp_path / task).mkdir()
        (tmp_path / task / "schedstat").write_text(told)
    assert work.delay(str(tmp_path)) == 2.5
    assert work.delay(str(tmp_path / "nowhere")) == 0.0
