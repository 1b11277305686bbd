"""What a release wrote into its own folder is found."""

from __future__ import annotations

import json
from pathlib import Path

from greenroom.domain.inspected import Strays
from greenroom.drivers.builds.files import FILES, listed, strays


def test_every_difference_is_found(tmp_path: Path) -> None:
    src = tmp_path / "src"
    (src / "shop" / "__pycache__").mkdir(parents=True)
    for name in ("wsgi.py", "shop/a.py", "shop/b.py"):
        (src / name).write_text("x = 1\n")
    (src / "link").symlink_to("nowhere")
    assert strays(tmp_path) is None
    (tmp_path / FILES).write_text(json.dumps(listed(src)))
    (src / "shop" / "__pycache__" / "a.pyc").write_bytes(b"compiled")
    assert strays(tmp_path) == Strays()
    (src / "shop" / "uploads").mkdir()
    (src / "shop" / "uploads" / "lamp.webp").write_bytes(b"a picture")
    (src / "shop" / "a.py").write_text("x = 22\n")
    (src / "shop" / "b.py").unlink()
    found = Strays(("shop/uploads/lamp.webp",), ("shop/a.py",), ("shop/b.py",))
    assert strays(tmp_path) == found
    (tmp_path / FILES).write_text("{")
    assert strays(tmp_path) is None
