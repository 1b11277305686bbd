"""A program that ends when its command does, whatever ended that."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from greenroom.drivers.system.processes import ProcessError, run

COMMAND = """
from greenroom.drivers.system.processes import run
import sys, threading
asked = ["sh", "-c", "echo $$ > {file}.new; mv {file}.new {file}; exec sleep 60"]
thread = threading.Thread(target=lambda: run(asked, tied=True))
thread.start()
thread.join()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's")
def test_a_tied_program_does_not_outlive_its_command(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    with subprocess.Popen([sys.executable, "-c", COMMAND.format(file=file)]) as command:
        while not (file.is_file() and file.read_text()):
            assert command.poll() is None
            time.sleep(0.01)
        pid = int(file.read_text())
        command.send_signal(signal.SIGKILL)
    until = time.monotonic() + 10.0
    while _runs(pid):
        assert time.monotonic() < until
        time.sleep(0.01)


def test_it_is_the_program_itself_that_runs() -> None:
    """With its own name, input, output and exit code, and in the environment that it was given."""
    asked = ["sh", "-c", 'read line; echo "$0 $line $GIVEN"; echo bad >&2; exit 3', "zero"]
    done = run(asked, input=b"line\n", env={**os.environ, "GIVEN": "given"}, tied=True)
    assert (done.code, done.text, done.complaint) == (3, "zero line given", "bad")
    assert done.argv == tuple(asked)


def test_one_that_is_not_there_is_told_as_usual() -> None:
    with pytest.raises(ProcessError, match="cannot be started") as raised:
        run(["there-is-no-such-program"], tied=True)
    assert raised.value.code == "command-missing"


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
