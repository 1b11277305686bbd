"""The shop that everything is measured with: up, seeded, two builds of it, and how its gunicorn is started."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

from shop import CALM, Shop, git

PRODUCTS = 60
OLD_BANNER = "Shipping within Europe is included"
NEW_BANNER = "Shipping within Europe costs nothing"
BACKEND_LIMIT = 300
"""Connections that PostgreSQL accepts: the other mechanisms run beside the shop and share its database."""


@dataclass(frozen=True)
class Recipe:
    """How a release's web server is started: as Greenroom's own unit does."""

    name: str
    banner: str
    argv: tuple[str, ...]
    cwd: Path
    env: dict[str, str]


@dataclass
class Stand:
    """A running shop and two releases of it that differ in a line of a template."""

    shop: Shop
    folder: Path
    commits: tuple[str, str]
    recipes: tuple[Recipe, Recipe]

    @property
    def certificate(self) -> tuple[Path, Path]:
        """Certificate and key for the shop's host name, as its edge uses them."""
        folder = self.shop.state / "caddy" / "certificates" / "local" / "shop.localhost"
        return folder / "shop.localhost.crt", folder / "shop.localhost.key"


@contextmanager
def stand(keep_warm: str) -> Iterator[Stand]:
    """A shop with two built releases, the first of them live. Everything is stopped and removed in the end."""
    folder = Path(tempfile.mkdtemp(prefix="gr-bench-"))
    shop = Shop(folder / "marketplace")
    try:
        shop.make()
        _adjust(shop, keep_warm)
        old = git(shop.folder, "rev-parse", "HEAD")
        new = _next(shop)
        shop.json("up", timeout=300)
        shop.seed(PRODUCTS)
        builds = [shop.json("build", ref, timeout=300)["id"] for ref in (old, new)]
        yield Stand(shop, folder, (old, new), _recipes(shop, builds[0], builds[1]))
    finally:
        shop.destroy()
        shutil.rmtree(folder, ignore_errors=True)


def _adjust(shop: Shop, keep_warm: str) -> None:
    toml = shop.folder / "greenroom.toml"
    text = toml.read_text()
    assert CALM in text
    more = f'keep_warm = "{keep_warm}"\nkeep_releases = 3\n'
    text = text.replace("[policy]\n", f"[policy]\n{more}")
    toml.write_text(f"{text}\n[database]\nmax_connections = {BACKEND_LIMIT}\n")
    shop.commit("settings for measuring")


def _next(shop: Shop) -> str:
    """A commit with another banner beside ``main``; the work tree stays at ``main``."""
    base = shop.folder / "shop" / "templates" / "base.html"
    git(shop.folder, "checkout", "-q", "-B", "next", "main")
    assert OLD_BANNER in base.read_text()
    base.write_text(base.read_text().replace(OLD_BANNER, NEW_BANNER))
    commit = shop.commit("another banner")
    git(shop.folder, "checkout", "-q", "main")
    return commit


def _recipes(shop: Shop, old: str, new: str) -> tuple[Recipe, Recipe]:
    unit: dict[str, Any] = json.loads((shop.state / "units" / f"web-{shop.live()}.json").read_text())
    return _recipe(unit, old, old, OLD_BANNER), _recipe(unit, old, new, NEW_BANNER)


def _recipe(unit: dict[str, Any], live: str, build: str, banner: str) -> Recipe:
    def moved(text: str) -> str:
        return text.replace(live, build)

    env = {key: moved(value) for key, value in unit["env"].items() if key != "PROMETHEUS_MULTIPROC_DIR"}
    env["GREENROOM_SLOT"] = f"{build}-0"
    bind = unit["argv"].index("--bind")
    argv = [moved(word) for i, word in enumerate(unit["argv"]) if i not in (bind, bind + 1)]
    return Recipe(build, banner, tuple(argv), Path(moved(unit["cwd"])), env)
