"""A build that is killed at any point leaves nothing that looks whole, and the next one is."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest
from builds_shop import ENVIRON, Shop

from greenroom.domain.release import Release
from greenroom.drivers.system.processes import run

KILLER = Path(__file__).with_name("builds_killed.py")
HERE = {**ENVIRON, "PYTHONPATH": f"{Path(__file__).parents[2] / 'src'}:{KILLER.parent}"}


@pytest.mark.parametrize(
    ("point", "milliseconds"),
    [(1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (6, 0), (1, 60), (4, 30), (4, 90), (4, 200), (6, 3)],
)
def test_killed_then_built(tmp_path: Path, point: int, milliseconds: int) -> None:
    shop = Shop(tmp_path)
    killed = run([sys.executable, str(KILLER), str(tmp_path), str(point), str(milliseconds)], env=HERE)
    assert killed.code == -9 or milliseconds, killed.complaint
    builds = shop.builds()
    before = builds.releases()
    release = builds.build()
    assert before in ((), (release,))
    assert builds.releases() == (release,)
    assert builds.damaged() == ()
    assert shop.leftovers() == []
    assert shop.run(release, "import itsdangerous, wsgi; print(itsdangerous.__name__)") == "itsdangerous"


def test_a_failing_build_leaves_nothing(tmp_path: Path) -> None:
    shop = Shop(tmp_path)

    def interrupt(said: str) -> None:
        if said.startswith("compiling"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shop.builds(progress=interrupt).build()
    assert shop.leftovers() == []
    assert shop.builds().releases() == ()


def test_two_at_once_make_one(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    made: list[Release] = []
    threads = [threading.Thread(target=lambda: made.append(shop.builds().build())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 3
    assert len(set(made)) == 1
    assert len([said for said in shop.said if said.startswith("built")]) == 1
