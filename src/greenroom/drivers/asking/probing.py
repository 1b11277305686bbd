"""Is a slot ready? Good answers, and every worker process warm."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from greenroom.domain.errors import GreenroomError
from greenroom.domain.policy import Policy
from greenroom.drivers.asking.causes import probable_cause
from greenroom.drivers.asking.every_worker import every_worker
from greenroom.drivers.system.net import Answer
from greenroom.ports import Clock, Probed

WARM_SECONDS = 15.0
"""The least that the other worker processes are waited for once one has answered; what is left of the probe's time-out, if that is more."""

BETWEEN_SECONDS = 0.05
SHOWN_LINES = 30
"""Of a log, of which more may be read for the cause."""

ANSWER_SECONDS = 5.0
"""How long one answer of a slot may take."""

LogTail = Callable[[], list[str]]
Ended = Callable[[], bool]


Burst = Callable[[int], Sequence[Answer | None]]
"""Asks the probe's path so many times at once."""


class SlotProbe:
    """Probes one slot. ``burst`` asks it; ``ended`` says whether its process has exited since it was launched.

    ``otherwise`` gives the probable cause when neither the answer nor the log does.
    """

    def __init__(
        self,
        slot: str,
        burst: Burst,
        policy: Policy,
        clock: Clock,
        ended: Ended,
        log: LogTail,
        otherwise: Callable[[], str] = str,
    ) -> None:
        self._slot = slot
        self._burst = burst
        self._policy = policy
        self._clock = clock
        self._ended = ended
        self._log = log
        self._otherwise = otherwise

    def wait(self, processes: int) -> Probed:
        """Everything, in order. Raises with one screen: what was probed, the answer, the last lines, the cause."""
        until = self._clock.monotonic() + self._policy.probe_timeout
        self._wait_ready(until)
        left = until - self._clock.monotonic()
        return Probed(self._wait_warm(processes, max(WARM_SECONDS, left)))

    def healthy(self) -> bool:
        """One good answer now?"""
        return _is_good(self._ask())

    def _ask(self) -> Answer | None:
        return self._burst(1)[0]

    def _wait_ready(self, until: float) -> None:
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

    def _wait_warm(self, processes: int, seconds: float) -> int:
        """Until every worker process has answered: the first page of a cold one is slow."""
        last: list[Answer | None] = [None]

        def answered() -> list[Answer | None]:
            answers = self._burst(2 * processes)
            last[0] = answers[-1]
            return [a for a in answers if _is_good(a)]

        seen = every_worker(answered, processes, self._clock, seconds)
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
            *(f"  {line}" for line in lines[-SHOWN_LINES:]),
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
