"""Is a slot ready? Good answers, every worker process warm, sessions of the live slot accepted."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from greenroom.domain.errors import GreenroomError
from greenroom.domain.policy import Policy
from greenroom.drivers.local.explain import probable_cause
from greenroom.drivers.system.net import Answer, ask_unix
from greenroom.ports import Clock, Probed

PROBE_HEADER = {"X-Greenroom-Probe": "1"}
WARM_SECONDS = 15.0
BETWEEN_SECONDS = 0.05

LogTail = Callable[[], list[str]]
Ended = Callable[[], bool]


class SlotProbe:
    """Probes one slot over its socket. ``ended`` says whether its process has exited since it was launched."""

    def __init__(
        self, slot: str, socket: str, policy: Policy, clock: Clock, ended: Ended, log: LogTail
    ) -> None:
        self._slot = slot
        self._socket = socket
        self._policy = policy
        self._clock = clock
        self._ended = ended
        self._log = log

    def wait(self, processes: int, live_socket: str | None) -> Probed:
        """Everything, in order. Raises with one screen: what was probed, the answer, the last lines, the cause."""
        self._wait_ready()
        answered = self._wait_warm(processes)
        return Probed(answered, self._sessions(live_socket) if live_socket else None)

    def healthy(self) -> bool:
        """One good answer now?"""
        return _is_good(self._ask())

    def _ask(self) -> Answer | None:
        try:
            return ask_unix(self._socket, self._policy.probe_path, PROBE_HEADER, timeout=5.0)
        except OSError:
            return None

    def _wait_ready(self) -> None:
        until = self._clock.now() + self._policy.probe_timeout
        good, last = 0, None
        while good < self._policy.probe_good:
            last = self._ask()
            good = good + 1 if _is_good(last) else 0
            if not good and self._ended():
                raise self._not_ready("its process exited", last)
            if self._clock.now() >= until:
                raise self._not_ready(f"it was not ready within {self._policy.probe_timeout:g} s", last)
            if not good:
                self._clock.sleep(BETWEEN_SECONDS)

    def _wait_warm(self, processes: int) -> int:
        """Ask in bursts until every worker process has answered: the first page of a cold one is slow."""
        until = self._clock.now() + WARM_SECONDS
        seen: set[str] = set()
        with ThreadPoolExecutor(max_workers=2 * processes) as pool:
            while len(seen) < processes:
                answers = list(pool.map(lambda _: self._ask(), range(2 * processes)))
                seen |= {a.headers.get("x-greenroom-worker", "") for a in answers if a and _is_good(a)} - {""}
                if self._clock.now() >= until:
                    raise self._not_ready(
                        f"only {len(seen)} of {processes} worker processes answered", answers[-1]
                    )
        return len(seen)

    def _sessions(self, live_socket: str) -> bool | None:
        try:
            signed = ask_unix(live_socket, "/.greenroom/sign", PROBE_HEADER)
            if signed.status != 200:
                return None
            verified = ask_unix(self._socket, f"/.greenroom/verify?{signed.body}", PROBE_HEADER)
        except OSError:
            return None
        return {200: True, 409: False}.get(verified.status)

    def _not_ready(self, why: str, answer: Answer | None) -> GreenroomError:
        lines = self._log()
        cause = _cause_of(answer) or probable_cause(lines)
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
    return ""
