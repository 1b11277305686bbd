"""The shop's image beside one that is built in a single stage from everything that lies in the folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from shop import Shop, git

BASE = "docker.io/library/python:3.11-slim-bookworm"
NAIVE = f"""\
FROM {BASE}
WORKDIR /app
COPY . .
RUN python3 -m venv /venv && /venv/bin/pip install -q -r requirements.txt
CMD ["/venv/bin/flask", "--app", "shop", "run"]
"""
BUILDAH = {"STORAGE_DRIVER": "vfs", "BUILDAH_ISOLATION": "chroot"}
Json = dict[str, Any]


def measure(say: Callable[[str], None]) -> Json:
    """Sizes in MB of layers above the base, as they lie in a registry and on a node; what an inspection takes."""
    folder = Path(tempfile.mkdtemp(prefix="greenroom-images-"))
    shop = Shop(folder / "marketplace")
    try:
        shop.make()
        text = shop.folder / "greenroom.toml"
        text.write_text(
            text.read_text() + '\n[image]\nrepository = "127.0.0.1:5000/bench"\ninsecure = true\n'
        )
        _litter(shop)
        shop.commit("with an image")
        first = shop.json("image", "build", timeout=900)
        again = shop.json("image", "build", "--fresh", timeout=900)
        began = time.monotonic()
        found = shop.json("image", "inspect", timeout=300)
        took = time.monotonic() - began
        say("images: building the one-stage image")
        naive = _naive(shop.folder, folder)
        began = time.monotonic()
        flagged = shop.json("image", "inspect", str(naive), "--check", exit=7, timeout=300)
        naive_took = time.monotonic() - began
    finally:
        shop.destroy()
        shutil.rmtree(folder, ignore_errors=True)
    return _result(first, again, found, took, flagged, naive_took)


def _litter(shop: Shop) -> None:
    """What lies in folders of people who work there."""
    modules = shop.folder / "node_modules" / "left-pad"
    modules.mkdir(parents=True)
    (modules / "index.js").write_bytes(os.urandom(5_000_000))
    (shop.folder / ".env").write_text("SECRET_KEY=of-a-person\n")
    git(shop.folder, "config", "core.excludesFile", "/dev/null")
    (shop.folder / ".gitignore").write_text("node_modules\n.env\n.greenroom\n")


def _naive(source: Path, folder: Path) -> Path:
    (folder / "Dockerfile").write_text(NAIVE)
    env = {**os.environ, **BUILDAH}
    certificates = "/etc/ssl/certs:/etc/ssl/certs:ro"
    words = [
        "buildah",
        "bud",
        "-q",
        "--pull-never",
        "-v",
        certificates,
        "-t",
        "naive",
        "-f",
        str(folder / "Dockerfile"),
    ]
    subprocess.run([*words, str(source)], env=env, check=True, capture_output=True)
    out = folder / "naive.tar"
    subprocess.run(["buildah", "push", "-q", "naive", f"oci-archive:{out}"], env=env, check=True)
    return out


def _result(first: Json, again: Json, found: Json, took: float, flagged: Json, naive_took: float) -> Json:
    return {
        "build": first,
        "same_digests": json.dumps(first.get("images"), sort_keys=True)
        == json.dumps(again.get("images"), sort_keys=True),
        "inspected": found,
        "inspect_s": round(took, 2),
        "naive": flagged,
        "naive_inspect_s": round(naive_took, 2),
    }
