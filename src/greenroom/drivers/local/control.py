"""Talking to the supervisor over its socket."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.drivers.local.layout import Layout
from greenroom.drivers.local.logs import tail
from greenroom.drivers.system.machine import Child, Machine

START_SECONDS = 10.0
ANSWER_SECONDS = 5.0
GOING_SECONDS = 120.0

_LEFT_ALONE: list[Child] = []
"""Supervisors that this process started: they outlive it, nobody waits for them."""

MOST_STARTS = 10
"""So many supervisors may die under one command before it gives up."""


class Control:
    """``command`` starts the supervisor, detached; ``version`` is this Greenroom's."""

    def __init__(self, layout: Layout, machine: Machine, command: Sequence[str], version: str) -> None:
        self._layout = layout
        self._machine = machine
        self._clock = machine.clock
        self._command = tuple(command)
        self._version = version
        self._started: list[Child] = []

    def ask(self, op: str, unit: str = "") -> dict[str, Any] | None:
        """One request; None when no supervisor answers."""
        request = json.dumps({"op": op, "unit": unit})
        try:
            answer = json.loads(
                self._machine.net.call(self._layout.control, request, ANSWER_SECONDS) or "null"
            )
        except (OSError, ValueError):
            return None
        return answer if isinstance(answer, dict) else None

    def poke(self) -> None:
        """Let the supervisor look at the unit files now.

        It is started if it is not there, and replaced if it belongs to another version of Greenroom.
        """
        self._ours("poke")

    def upgrade(self) -> None:
        """See that a supervisor of this version is there; what an older one runs is adopted by the new one."""
        self._ours("status")

    def _ours(self, op: str) -> None:
        answer = self._who_stays(op)
        if answer is None:
            self.start()
        elif answer["version"] != self._version:
            self.ask("exit")
            self._wait(lambda: self._other() is None, "the old supervisor does not go")
            self.start()

    def _other(self) -> str | None:
        """The version of a supervisor that is not of ours; None when there is none, or one of ours."""
        answer = self.ask("status")
        return None if answer is None or answer["version"] == self._version else str(answer["version"])

    def _who_stays(self, op: str) -> dict[str, Any] | None:
        """Ask, and let one that is stopping everything (its ``down`` was killed) come to its end first."""
        answer = self.ask(op)
        if answer is not None and answer.get("going"):
            self._wait(lambda: self.ask("status") is None, "not everything stopped", GOING_SECONDS)
            return None
        return answer

    def start(self) -> None:
        """Start the supervisor unless one answers, and wait for it; one that dies at once is started again."""
        self._spawn()

        def answers() -> bool:
            if self.ask("status") is not None:
                return True
            if self._started[-1].poll() not in (None, 0) and len(self._started) < MOST_STARTS:
                self._spawn()
            return False

        self._wait(answers, "the supervisor does not answer")

    def _spawn(self) -> None:
        processes, log = self._machine.processes, self._layout.log("supervisor")
        env = processes.environment()
        started = processes.spawn(self._command, cwd=self._layout.root, env=env, log=log)
        self._started.append(started)
        _LEFT_ALONE.append(started)

    def down(self, timeout: float) -> None:
        """Stop everything in order, then the supervisor; waits."""
        if self.ask("down") is not None:
            self._wait(lambda: self.ask("status") is None, "not everything stopped", timeout)

    def states(self) -> dict[str, dict[str, Any]]:
        """What runs, by unit; empty when no supervisor answers."""
        answer = self.ask("status")
        return dict(answer["units"]) if answer else {}

    def restarts(self, unit: str) -> int:
        """How often the unit has ended by itself since it was put."""
        return int(self.states().get(unit, {}).get("restarts", 0))

    def wait_running(self, units: Sequence[str], timeout: float) -> list[str]:
        """Wait until these units are up; the ones that are not when the time is over."""
        until = self._clock.monotonic() + timeout
        while True:
            states = self.states()
            missing = [u for u in units if states.get(u, {}).get("state") != "running"]
            if not missing or self._clock.monotonic() >= until:
                return missing
            self._clock.sleep(0.05)

    def _wait(self, done: Callable[[], bool], problem: str, timeout: float = START_SECONDS) -> None:
        until = self._clock.monotonic() + timeout
        while not done():
            if self._clock.monotonic() >= until:
                raise self._silent(problem)
            self._clock.sleep(0.03)

    def _silent(self, problem: str) -> GreenroomError:
        """With what it said last: nobody else knows why it does not do what it was asked."""
        lines = tail(self._layout.log("supervisor"), 10, self._machine.disk)
        cause = f": {lines[-1].removeprefix('greenroom: ')}" if lines else ""
        details = "\n".join(lines)
        return GreenroomError(
            "supervisor",
            problem + cause,
            "greenroom logs supervisor; then greenroom up",
            Exit.UNSAFE,
            details,
        )
