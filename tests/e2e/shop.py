"""A copy of the example shop in a git repository of its own, and its command line."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from greenroom.domain.tally import Tally
from greenroom.drivers.load import Address, Clients, Load, Mix

ROOT = Path(__file__).resolve().parents[2]
MARKETPLACE = ROOT / "examples" / "marketplace"
GREENROOM = Path(sys.executable).parent / "greenroom"
QUIET = Clients(get=2, fresh=1, post=1, slow=1, upload=1, static=1)
RATE = 25.0
"""Requests a second: enough to meet every switch, little enough for a shared machine."""


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder, as nobody in particular."""
    who = {"NAME": "Test", "EMAIL": "test@example.test"}
    env = {**os.environ, **{f"GIT_{role}_{k}": v for role in ("AUTHOR", "COMMITTER") for k, v in who.items()}}
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=env, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


CALM = "worse.p95_floor_ms = 20000\n"
"""On a shared machine a slow moment is no sign of a bad release; answers of 500 are."""

EVERY_STEP = bool(os.environ.get("GREENROOM_EVERY_STEP"))
"""Go through every step of a command; else through a few of them, others each day."""

A_FEW = 4
TODAY = os.environ.get("GREENROOM_TEST_DAY") or time.strftime("%F")

T = TypeVar("T")


def some(points: list[T], few: int = A_FEW) -> list[T]:
    """The steps, or cases, that are gone through today, in order."""
    if EVERY_STEP or len(points) <= few:
        return points
    return sorted(random.Random(TODAY).sample(points, few), key=points.index)


VERSIONS = ("next", "broken")
"""Folders of patches."""


class Shop:
    """One shop with its own state, port and host registry."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {**os.environ, "XDG_STATE_HOME": str(folder.parent / "state"), "NO_COLOR": "1"}
        self.env.pop("XDG_RUNTIME_DIR", None)
        self.port = free_port()
        self.password = ""

    def make(self) -> None:
        """Copy the shop, put it under git, give it a port."""
        ignored = shutil.ignore_patterns(
            ".greenroom", "__pycache__", ".pytest_cache", ".mypy_cache", *VERSIONS
        )
        shutil.copytree(MARKETPLACE, self.folder, ignore=ignored)
        toml = self.folder / "greenroom.toml"
        toml.write_text(toml.read_text() + f'\n[edge]\nport = {self.port}\n\n[policy]\nwatch = "5s"\n{CALM}')
        git(self.folder, "init", "-q", "-b", "main")
        self.commit("the shop")

    def commit(self, message: str) -> str:
        """Commit everything; the commit's id."""
        git(self.folder, "add", "-A")
        git(self.folder, "commit", "-q", "--allow-empty", "-m", message)
        return git(self.folder, "rev-parse", "HEAD")

    def patched(self, *names: str) -> str:
        """A commit with one of the next or some broken versions, on top of ``main``; the work tree stays as it was."""
        git(self.folder, "checkout", "-q", "-B", f"next-{names[0]}", "main")
        for name in names:
            (patch,) = (p for f in VERSIONS if (p := MARKETPLACE / f / f"{name}.patch").exists())
            git(self.folder, "apply", str(patch))
        commit = self.commit(", ".join(names))
        git(self.folder, "checkout", "-q", "main")
        return commit

    def command(self, *arguments: str) -> list[str]:
        """The argument vector of a greenroom command."""
        return [str(GREENROOM), "-C", str(self.folder), *arguments]

    def run(self, *arguments: str, timeout: float = 120.0) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            self.command(*arguments),
            env=self.env,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def json(self, *arguments: str, exit: int = 0, timeout: float = 120.0) -> Any:
        """Run a command that must end with ``exit``; its JSON document's result or error."""
        done = self.run("--json", *arguments, timeout=timeout)
        assert done.returncode == exit, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        document = json.loads(done.stdout)
        assert document["schema"] == "greenroom/1"
        return document["result"] if exit in (0, 7) else document["error"]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command in a process group of its own."""
        pipe = subprocess.PIPE
        return subprocess.Popen(
            self.command(*arguments),
            env=self.env,
            stdout=pipe,
            stderr=pipe,
            text=True,
            start_new_session=True,
        )

    def seed(self, products: int) -> None:
        """Fill the catalogue; the demo accounts' password is kept."""
        done = self.run("run", "--", "flask", "--app", "shop", "seed", "--products", str(products))
        assert done.returncode == 0, done.stdout + done.stderr
        self.password = done.stdout.rsplit("shown only now: ", 1)[1].split()[0]

    @property
    def url(self) -> str:
        """Its public address."""
        return f"https://shop.localhost:{self.port}"

    @property
    def state(self) -> Path:
        """Its state folder."""
        return self.folder / ".greenroom"

    @property
    def ca(self) -> Path:
        """The root certificate."""
        return self.state / "caddy" / "pki" / "authorities" / "local" / "root.crt"

    @property
    def address(self) -> Address:
        """Where a load finds it."""
        return Address("shop.localhost", self.port, self.ca)

    def live(self) -> str:
        """The live slot, as the status says."""
        return str(self.json("status")["live"])

    def unit_pid(self, unit: str) -> int:
        """The process of a unit."""
        return int(json.loads((self.state / "run" / f"{unit}.json").read_text())["pid"]["pid"])

    @contextmanager
    def load(self, rate: float = RATE, **clients: int) -> Iterator[Load]:
        """Real requests while the block runs, at most ``rate`` a second."""
        counts = Clients(**clients) if clients else QUIET
        mix = Mix(("/", "/search?q=lamp"), "/slow", "/api/echo", (), counts, slow_s=1.0)
        load = Load(self.address, mix, rate)
        load.start()
        try:
            yield load
        finally:
            load.stop()

    def destroy(self) -> None:
        """Stop everything, whatever state it is in."""
        self.run("unlock", "--yes")
        self.run("down", "--wait", "30")


def processes_of(state: Path) -> list[tuple[int, str]]:
    """Every living process that works for that state folder: (pid, command line)."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            variables = (folder / "environ").read_bytes().decode(errors="replace")
            zombie = (folder / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except OSError:
            continue
        if not zombie and (f"GREENROOM_UNIT={state}/" in variables or str(state) in line):
            found.append((int(folder.name), line))
    return found


def kill(pid: int) -> None:
    """kill -9."""
    os.kill(pid, signal.SIGKILL)


def lost(tally: Tally) -> str:
    """Every loss, for an assertion's message."""
    return "\n".join(
        f"{loss.kind} {loss.path} {loss.cause} {loss.status} {loss.slot}" for loss in tally.losses
    )


def environment(shop: Shop, **more: str) -> Mapping[str, str]:
    """The shop's environment with more in it."""
    return {**shop.env, **more}
