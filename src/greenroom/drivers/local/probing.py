"""Is a slot ready? Good answers, and every worker process warm."""

from __future__ import annotations

from collections.abc import Callable

from greenroom.domain.errors import GreenroomError
from greenroom.domain.policy import Policy
from greenroom.drivers.local.every_worker import PROBE_HEADER, every_worker
from greenroom.drivers.local.explain import probable_cause
from greenroom.drivers.system.machine import Machine
from greenroom.drivers.system.net import Answer
from greenroom.ports import Probed

WARM_SECONDS = 15.0
BETWEEN_SECONDS = 0.05
ANSWER_SECONDS = 5.0

LogTail = Callable[[], list[str]]
Ended = Callable[[], bool]


class SlotProbe:
    """Probes one slot over its socket. ``ended`` says whether its process has exited since it was launched.

    ``otherwise`` gives the probable cause when neither the answer nor the log does.
    """

    def __init__(
        self,
        slot: str,
        socket: str,
        policy: Policy,
        machine: Machine,
        ended: Ended,
        log: LogTail,
        otherwise: Callable[[], str] = str,
    ) -> None:
        self._slot = slot
        self._socket = socket
        self._policy = policy
        self._net = machine.net
        self._clock = machine.clock
        self._ended = ended
        self._log = log
        self._otherwise = otherwise

    def wait(self, processes: int) -> Probed:
        """Everything, in order. Raises with one screen: what was probed, the answer, the last lines, the cause."""
        self._wait_ready()
        return Probed(self._wait_warm(processes))

    def healthy(self) -> bool:
        """One good answer now?"""
        return _is_good(self._ask())

    def _ask(self) -> Answer | None:
        try:
            return self._net.ask_unix(self._socket, self._policy.probe_path, PROBE_HEADER, ANSWER_SECONDS)
        except OSError:
            return None

    def _wait_ready(self) -> None:
        until = self._clock.monotonic() + self._policy.probe_timeout
        good, last = 0, None
        while good < self._policy.probe_good:
            last = self._ask()
            good = good + 1 if _is_good(last) else 0
            if not good and self._ended():
                raise self._not_ready("its process exited", last)
            if self._clock.monotonic() >= until:
                raise self._not_ready(f"it was not ready within {self._policy.probe_timeout:g} s", last)
            if not good:
                self._clock.sleep(BETWEEN_SECONDS)

    def _wait_warm(self, processes: int) -> int:
        """Until every worker process has answered: the first page of a cold one is slow."""
        last: list[Answer | None] = [None]

        def burst() -> list[Answer | None]:
            answers = self._net.burst(self._socket, self._policy.probe_path, PROBE_HEADER, 2 * processes)
            last[0] = answers[-1]
            return [a for a in answers if _is_good(a)]

        seen = every_worker(burst, processes, self._clock, WARM_SECONDS)
        if len(seen) < processes:
            raise self._not_ready(f"only {len(seen)} of {processes} worker processes answered", last[0])
        return len(seen)

    def _not_ready(self, why: str, answer: Answer | None) -> GreenroomError:
        lines = self._log()
        cause = _cause_of(answer) or probable_cause(lines) or self._otherwise()
        shown = "no answer" if answer is None else f"{answer.status} {answer.body[:300].strip()}"
        details = [
            f"probed:  GET {self._policy.probe_path} on {self._slot}",
            f"answer:  {shown}",
            *([f"cause:   {cause}"] if cause else []),
            "last lines of its log:",
            *(f"  {line}" for line in lines),
        ]
        return GreenroomError(
            "not-ready",
            f"slot {self._slot} did not become ready: {why}" + (f" ({cause})" if cause else ""),
            f"see more: greenroom logs --slot {self._slot}; then correct the release and deploy again",
            details="\n".join(details),
        )


def _is_good(answer: Answer | None) -> bool:
    return answer is not None and 200 <= answer.status < 300


def _cause_of(answer: Answer | None) -> str:
    if answer is None:
        return ""
    if answer.status in {301, 302, 307, 308}:
        where = answer.headers.get("location", "elsewhere")
        return f"it redirects to {where}: let the probe's path answer without a redirect"
    if answer.status == 404:
        return "the app has no such page: set [policy] probe_path"
    return probable_cause(answer.body.splitlines())
