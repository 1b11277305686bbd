"""kill -9 of every part at every step boundary of every verb, under load, and what must hold afterwards.

The points are read from the commands themselves: every step that is announced has one before it and one behind it. A
new step is covered without touching this file.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from shop import Shop, processes_of

from greenroom.domain.tally import Tally
from greenroom.drivers.load import Address, Clients, Load, Mix

PARTS = ("cli", "supervisor", "keeper", "edge", "app", "worker", "postgres", "s3")
LIGHT = Clients(get=2, fresh=1, post=1, slow=0, upload=0, static=0)
RATE = 15.0
CUT = 12
"""At most so many requests of four clients may be lost to a killed app or edge: theirs, and one retry each of a held one."""


@dataclass(frozen=True)
class Verb:
    """A command and what must be so before it. ``quiet``: the public side goes away on purpose, no loss is judged."""

    name: str
    before: Callable[[Shop], None]
    argv: Callable[[Shop], list[str]]
    quiet: bool = False


def nothing(_shop: Shop) -> None:
    """Any state will do."""


def is_down(shop: Shop) -> None:
    """Everything is stopped."""
    shop.json("down", "--wait", "30")


def has_warm(shop: Shop) -> None:
    """A slot that served before is warm."""
    if not any(s["state"].startswith("warm") for s in shop.json("status")["slots"]):
        shop.json("restart", "--no-watch", "--wait", "30")


def is_locked(shop: Shop) -> None:
    """Another command is under way."""
    subprocess.Popen(
        shop.command("restart", "--wait", "30"),
        env=shop.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    time.sleep(0.8)


def next_release(shop: Shop) -> list[str]:
    """Deploy a commit that is a release of its own, with a revision of its own."""
    versions = shop.folder / "migrations" / "versions"
    number = len(list(versions.glob("k*.py")))
    before = f"k{number - 1:03}" if number else "0008"
    (versions / f"k{number:03}.py").write_text(
        f'"""An empty change."""\nrevision = "k{number:03}"\ndown_revision = "{before}"\n'
        'greenroom_phase = "expand"\n\n\ndef upgrade() -> None:\n    pass\n\n\ndef downgrade() -> None:\n    pass\n'
    )
    return ["deploy", shop.commit(f"change {number}"), "--wait", "30"]


def argv(*words: str) -> Callable[[Shop], list[str]]:
    """Always these words."""
    return lambda _shop: list(words)


VERBS = {
    verb.name: verb
    for verb in (
        Verb("up", is_down, argv("up", "--wait", "30"), quiet=True),
        Verb("deploy", has_warm, next_release),
        Verb("restart", has_warm, argv("restart", "--wait", "30")),
        Verb("rollback", has_warm, argv("rollback", "--wait", "30")),
        Verb("run", nothing, argv("run", "--name", "pause", "--", "sleep", "1")),
        Verb("unlock", is_locked, argv("unlock", "--yes")),
        Verb("down", nothing, argv("down", "--wait", "30"), quiet=True),
        Verb("destroy", nothing, argv("destroy", "--yes", "--wait", "30"), quiet=True),
    )
}


@dataclass
class Outcome:
    """One cell of the table. ``wrong``: what did not hold, empty when all did."""

    verb: str
    point: str
    part: str
    exit: int | None = None
    lost: int = 0
    reached: bool = True
    wrong: str = ""


class Suite:
    """Strikes one shop, cell after cell. The shop must be up."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def points(self, verb: Verb) -> list[str]:
        """Every boundary of that command, in order, read from a run of it."""
        verb.before(self._shop)
        done = self._shop.run("--progress", "json", *verb.argv(self._shop))
        assert done.returncode == 0, f"{verb.name}: {done.stderr[-2000:]}"
        counts: Counter[str] = Counter()
        points = []
        for line in done.stderr.splitlines():
            event = json.loads(line) if line.startswith("{") else {}
            if event.get("event") == "step.started":
                counts[event["step"]] += 1
                points.append(f"{event['step']}:{counts[event['step']]}")
        self._shop.json("up", "--wait", "60")
        self.come_to_rest()
        return [*points, f"{points[-1]}+"]

    def strike(self, verb: Verb, point: str, part: str) -> Outcome:
        """Run the command to the point, kill the part there, let it go on; then look at everything."""
        shop, cell = self._shop, Outcome(verb.name, point, part)
        verb.before(shop)
        words = verb.argv(shop)
        load = self._load()
        try:
            self._run_to(cell, words)
            if not verb.quiet:
                self._eventually(self._in_order)
            back = shop.run("up", "--wait", "60")
            assert back.returncode == 0, f"up exits {back.returncode}: {back.stderr[-900:]}"
            self.come_to_rest()
        except (AssertionError, subprocess.TimeoutExpired) as error:
            cell.wrong = f"{type(error).__name__}: {error}"[:1500]
        finally:
            tally = load.stop(timeout=15.0)
        cell.lost = tally.lost
        if not cell.wrong and not verb.quiet:
            cell.wrong = judge(part, tally)
        if cell.wrong:
            self._repair()
        return cell

    def come_to_rest(self, seconds: float = 75.0) -> None:
        """Wait until all is in order."""
        self._eventually(self._in_order, seconds)

    def _run_to(self, cell: Outcome, words: list[str]) -> None:
        pipe = subprocess.PIPE
        command = subprocess.Popen(
            self._shop.command("--progress", "json", "--pause-at", cell.point, *words),
            env=self._shop.env,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            text=True,
            start_new_session=True,
        )
        assert command.stderr is not None
        cell.reached = False
        for line in command.stderr:
            if line.startswith("{") and json.loads(line)["event"] == "paused":
                cell.reached = True
                self._kill(cell.part, command.pid)
                break
        with suppress(BrokenPipeError):
            command.communicate("go\n", timeout=150)
        cell.exit = command.returncode

    def _kill(self, part: str, command: int) -> None:
        for pid in self._pids(part, command):
            with suppress(ProcessLookupError):
                (os.killpg if part == "app" else os.kill)(pid, signal.SIGKILL)

    def _pids(self, part: str, command: int) -> list[int]:
        if part == "cli":
            return [command]
        listed = processes_of(self._shop.state)
        if part == "supervisor":
            return [pid for pid, line in listed if "drivers.local.supervisor" in line]
        if part == "edge":
            keeper = self._unit("edge")
            return [p for p, line in listed if "run --config" in line and keeper and parent(p) in keeper]
        if part in ("app", "worker"):
            target = self._shop.state / "edge" / "production" / "live"
            live = target.readlink().name.removesuffix(".hold") if target.is_symlink() else ""
            return self._unit(f"web-{live}" if part == "app" else f"mailer-{live}-1")
        return self._unit({"keeper": "edge"}.get(part, part))

    def _unit(self, name: str) -> list[int]:
        with suppress(FileNotFoundError, KeyError, ValueError):
            return [self._shop.unit_pid(name)]
        return []

    def _load(self) -> Load:
        mix = Mix(("/", "/search?q=lamp"), None, "/api/echo", (), LIGHT)
        load = Load(Address("shop.localhost", self._shop.port, self._shop.ca), mix, RATE)
        load.start()
        return load

    def _in_order(self) -> None:
        """One live slot that answers, nothing abandoned, workers of the live slot alone, no orphan."""
        status = self._shop.json("status")
        live = status["live"]
        assert status["healthy"] is True, status
        assert status["mode"] == "open", status["mode"]
        assert not [s for s in status["slots"] if s["state"] == "not on stage"], status["slots"]
        units = {p["name"] for p in status["parts"]}
        assert [u for u in units if u.startswith("mailer-")] == [f"mailer-{live}-1"], units
        known = {s["id"] for s in status["slots"]}
        assert {u.removeprefix("web-") for u in units if u.startswith("web-")} == known, units
        masters = [
            line
            for _, line in processes_of(self._shop.state)
            if "gunicorn" in line and "signin.sock" not in line
        ]
        strays = [line for line in masters if not any(f"/{slot}/web.sock" in line for slot in known)]
        assert not strays, strays

    def _eventually(self, check: Callable[[], None], seconds: float = 75.0) -> None:
        until = time.monotonic() + seconds
        while True:
            try:
                return check()
            except (AssertionError, FileNotFoundError):
                if time.monotonic() > until:
                    raise
                time.sleep(0.3)

    def _repair(self) -> None:
        """A cell that failed must not spoil the next ones."""
        self._shop.run("unlock", "--yes")
        self._shop.run("up", "--wait", "60")
        with suppress(AssertionError):
            self.come_to_rest()


def judge(part: str, tally: Tally) -> str:
    """What the load may have lost to that part's death."""
    causes = Counter(str(loss.cause) for loss in tally.losses)
    if part in ("app", "edge"):
        refused = causes.get("refused", 0)
        return f"lost {dict(causes)}" if tally.lost > CUT or refused else ""
    if (
        part == "keeper"
    ):  # the holder of the sockets itself: refused until the supervisor has started it again
        return ""
    return f"lost {dict(causes)}" if tally.lost else ""


def parent(pid: int) -> int:
    """The parent's number; 0 when it is gone."""
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return 0


def cells(suite: Suite, verbs: list[str], parts: list[str]) -> Iterator[tuple[Verb, str, str]]:
    """Every point of these verbs with every one of these parts."""
    for name in verbs:
        points = suite.points(VERBS[name])
        for point in points:
            for part in parts:
                yield VERBS[name], point, part
