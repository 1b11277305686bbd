"""Ways to bring another release on stage, each with its own gunicorn and edge, all with the same two releases."""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from shop import free_port

from benchmarks.servers import Caddy, Edge, Gunicorn, Nginx, listens, until
from benchmarks.stand import Recipe, Stand

DRAIN_SECONDS = 3.0
EdgeMaker = Callable[[Stand, Path, int, int], Edge]


class Mechanism(Protocol):
    """Serves on ``port`` (TLS) and can bring the other release on stage."""

    port: int

    def deploy(self, number: int) -> None:
        """Bring release ``number`` (0 or 1) on stage; returns when it serves and the old one is gone or going."""

    def close(self) -> None:
        """Stop what was started."""


class Greenroom:
    """``greenroom deploy --no-watch`` of the running shop."""

    def __init__(self, stand: Stand) -> None:
        self._stand = stand
        self.port = stand.shop.port
        self.deploy(0)

    def deploy(self, number: int) -> None:
        commit = self._stand.commits[number]
        self._stand.shop.json("deploy", commit, "--no-watch", "--wait", "30")

    def close(self) -> None:
        """The shop goes on: the others use its database."""


class Own:
    """What the mechanisms without Greenroom share: the first release behind an edge."""

    def __init__(self, stand: Stand, folder: Path, make_edge: EdgeMaker) -> None:
        self.stand, self.folder = stand, folder
        self.port = free_port()
        self.app = self._first()
        self.edge = make_edge(stand, folder, self.port, self.app.port)
        until(lambda: listens(self.port), "the edge does not listen")

    def _first(self) -> Gunicorn:
        return self.launch(self.stand.recipes[0], free_port())

    def launch(self, recipe: Recipe, port: int, cwd: Path | None = None) -> Gunicorn:
        """Start a release and wait until it is ready."""
        app = Gunicorn(recipe, port, self.folder, cwd)
        app.wait_ready()
        return app

    def close(self) -> None:
        self.edge.stop()
        self.app.end()


class StopThenStart(Own):
    """SIGTERM, wait for the end, start the new release on the same port; the edge is not told anything."""

    def deploy(self, number: int) -> None:
        self.app.end()
        self.app = self.launch(self.stand.recipes[number], self.app.port)


class HangUp(Own):
    """The new release's files over the old one's, then SIGHUP: gunicorn replaces its workers."""

    def _first(self) -> Gunicorn:
        self._files = self.folder / "src"
        self._put(self.stand.recipes[0])
        return self.launch(self.stand.recipes[0], free_port(), self._files)

    def deploy(self, number: int) -> None:
        recipe = self.stand.recipes[number]
        self._put(recipe)
        self.app.signal(signal.SIGHUP)
        self.app.wait_serves(recipe.banner)

    def _put(self, recipe: Recipe) -> None:
        shutil.copytree(recipe.cwd, self._files, dirs_exist_ok=True, copy_function=_overwrite)


class Swap(Own):
    """Start the new release on another port, tell the edge, wait ``drain`` seconds, SIGTERM the old one."""

    def __init__(self, stand: Stand, folder: Path, make_edge: EdgeMaker, drain: float) -> None:
        super().__init__(stand, folder, make_edge)
        self._drain = drain

    def deploy(self, number: int) -> None:
        old, self.app = self.app, self.launch(self.stand.recipes[number], free_port())
        self.edge.point(self.app.port)
        time.sleep(self._drain)
        old.end()


def _overwrite(source: str, target: str) -> str:
    """Builds are read-only; the copy in place must be writable the next time."""
    Path(target).unlink(missing_ok=True)
    shutil.copyfile(source, target)
    return target


def mechanisms(stand: Stand, nginx: Path | None) -> dict[str, Callable[[Path], Mechanism]]:
    """Every mechanism that this machine can show, by name; each is made in a folder of its own."""

    def by_nginx(stand: Stand, folder: Path, port: int, upstream: int) -> Edge:
        assert nginx is not None
        return Nginx(nginx, stand, folder, port, upstream)

    found: dict[str, Callable[[Path], Mechanism]] = {
        "greenroom deploy": lambda _: Greenroom(stand),
        "stop, then start": lambda folder: StopThenStart(stand, folder, Caddy),
        "gunicorn HUP in place": lambda folder: HangUp(stand, folder, Caddy),
        "caddy reload, SIGTERM at once": lambda folder: Swap(stand, folder, Caddy, 0.0),
    }
    if nginx is not None:
        found["nginx reload, SIGTERM at once"] = lambda folder: Swap(stand, folder, by_nginx, 0.0)
        found["nginx reload, 3 s drain"] = lambda folder: Swap(stand, folder, by_nginx, DRAIN_SECONDS)
    return found
