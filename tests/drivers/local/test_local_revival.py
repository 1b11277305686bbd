"""A supervisor that was killed is started again by the keeper, and by nothing else; no fault of the machine ends it."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from greenroom.drivers.local.keeper import LONGEST_PAUSE, Reviver
from greenroom.drivers.local.layout import Layout
from greenroom.drivers.local.revival import Duty, begin, end, kept, left_behind
from greenroom.drivers.local.supervisor import Supervisor
from greenroom.drivers.system.disk import RealDisk
from greenroom.drivers.system.machine import Call, Listener
from greenroom.drivers.system.proc import Pid, identify
from greenroom.drivers.system.real import this_machine

DISK = RealDisk()


def dead() -> Pid:
    """A process that has been."""
    with subprocess.Popen(["sleep", "60"]) as process:
        known = identify(process.pid)
        process.kill()
    assert known is not None
    return known


def on_duty(root: Path, pid: Pid) -> Path:
    """The word of a supervisor; the file that its next one would write."""
    trace = root / "trace"
    script = f"env > {trace}.part && mv {trace}.part {trace}"
    begin(root, Duty("0.1.0", pid, ("/bin/sh", "-c", script), {"PATH": os.environ["PATH"]}), DISK)
    return trace


def ran(reviver: Reviver) -> bool:
    """Did it start one? Its end is waited for."""
    return reviver.started is not None and reviver.started.wait(10.0) == 0


def test_one_that_was_killed_is_started_again(tmp_path: Path) -> None:
    trace = on_duty(tmp_path, dead())
    reviver = Reviver(tmp_path)
    reviver.look(0.0)
    assert ran(reviver)
    assert "GREENROOM_UNIT" not in trace.read_text(), "it must not look like one of the supervisor's children"
    assert (tmp_path / "logs" / "supervisor.log").exists()


def test_one_that_lives_or_ended_in_order_is_not(tmp_path: Path) -> None:
    own = identify(os.getpid())
    assert own is not None
    on_duty(tmp_path, own)
    assert left_behind(tmp_path, DISK, identify) is None
    on_duty(tmp_path, replace(own, started=own.started - 1))
    assert left_behind(tmp_path, DISK, identify) is not None, "the number is another process's now"
    end(tmp_path, DISK)
    assert left_behind(tmp_path, DISK, identify) is None
    end(tmp_path, DISK)


@pytest.mark.parametrize("text", ["", "{", '{"version": "0.1.0"}', '{"version": 1, "pid": 3}', "[]"])
def test_a_word_that_nobody_understands_is_left_to_the_next_command(tmp_path: Path, text: str) -> None:
    (tmp_path / "supervisor.json").write_text(text)
    assert left_behind(tmp_path, DISK, identify) is None


def test_one_that_does_not_stay_is_started_less_and_less_often(tmp_path: Path) -> None:
    trace = on_duty(tmp_path, dead())
    reviver, starts = Reviver(tmp_path), []
    for second in range(120):
        reviver.look(float(second))
        if ran(reviver) and trace.exists():
            starts.append(second)
            trace.unlink()
    assert starts == [0, 2, 6, 14, 30, 60, 90]
    assert starts[-1] - starts[-2] == LONGEST_PAUSE


def test_what_cannot_be_started_ends_nobody(tmp_path: Path) -> None:
    begin(tmp_path, Duty("0.1.0", dead(), (str(tmp_path / "none"),), {}), DISK)
    Reviver(tmp_path).look(0.0)


def test_nothing_secret_is_kept() -> None:
    found = {"PATH": "/bin", "AWS_SECRET_ACCESS_KEY": "x", "XDG_STATE_HOME": "/s", "DATABASE_URL": "y"}
    assert kept(found) == {"PATH": "/bin", "XDG_STATE_HOME": "/s"}


class Ask:
    """A request."""

    def __init__(self, op: str) -> None:
        self.text = json.dumps({"op": op})

    def answer(self, text: str) -> None:
        """Nobody reads it."""


class Troubled:
    """A listener without a descriptor for its callers, until one comes through who wants it all to stop."""

    def __init__(self, times: int) -> None:
        self.left = times

    def next(self, timeout: float) -> Call | None:
        self.left -= 1
        if self.left >= 0:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return Ask("down")


class Net:
    """Sockets that give that listener."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    @contextmanager
    def serve(self, socket: str) -> Iterator[Listener]:
        yield self._listener


def test_a_lack_of_descriptors_ends_no_supervisor(tmp_path: Path) -> None:
    for name in ("units", "run", "logs"):
        (tmp_path / name).mkdir()
    listener = Troubled(3)
    machine = replace(this_machine(), net=Net(listener))  # type: ignore[arg-type]
    began = time.monotonic()
    Supervisor(Layout(tmp_path, tmp_path), machine, ["due"]).run()
    assert listener.left < 0
    assert time.monotonic() - began > 1.0, "it pauses, it does not spin"
