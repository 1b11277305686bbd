"""Builds the project in a folder and kills itself: after the n-th thing said, or some milliseconds later."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

from builds_shop import Shop


def main(root: Path, point: int, milliseconds: int) -> None:
    shop = Shop.__new__(Shop)
    shop.root = shop.folder = root / "repository"
    shop.state = root / "state"
    count = 0

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def progress(_: str) -> None:
        nonlocal count
        count += 1
        if count == point and milliseconds:
            threading.Timer(milliseconds / 1000, die).start()
        elif count == point:
            die()

    shop.builds(progress=progress).build()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
