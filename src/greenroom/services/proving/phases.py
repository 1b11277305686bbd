"""The phases of a proof: each does one thing and says in one line how it went, or raises what went wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.fault import Fault
from greenroom.domain.release import Release
from greenroom.ports import Load
from greenroom.services.deliver import Outcome, Wish, deploy, roll_back
from greenroom.services.proving.course import Plant
from greenroom.services.proving.proof import Proof
from greenroom.services.target import Target

LEASE_SECONDS = 60.0
"""How long a phase waits for due work that holds the lease."""
RETURN_SECONDS = 90.0
"""How long the supervisor may take, watch included, to return from a slot that turned bad."""

AFTER_VERIFY = frozenset({"watch", "workers"})
PROBING = frozenset({"launch", "probe"})
WAITING = frozenset({"drain"})
"""Time that belongs to the requests in flight on an older slot, 30 s ones among them."""


def broken(message: str) -> GreenroomError:
    """The error of a phase that came out otherwise than promised."""
    return GreenroomError("not-as-promised", message, "greenroom status")


@dataclass(frozen=True, slots=True)
class Phases:
    """What phases need."""

    target: Target
    plant: Plant
    load: Load
    proof: Proof

    def good_deploy(self, release: Release | None) -> str:
        """A new slot takes over."""
        outcome = deploy(self.target, Wish(release, restart=True, wait=LEASE_SECONDS))
        self.proof.deploys += 1
        self.proof.migrations += sum(s.kind == "migrate" for s in outcome.plan.steps)
        self._note(outcome)
        return f"{outcome.serving} serves"

    def rollback(self) -> str:
        """Back to the warm slot."""
        began = self.target.doors.clock.now()
        outcome = roll_back(self.target, None, LEASE_SECONDS)
        self.proof.rollback_seconds = self.target.doors.clock.now() - began
        self._switches(outcome)
        return f"{outcome.serving} serves again"

    def gate(self) -> str:
        """A slot that never becomes ready."""
        faulty = self.plant(Fault.UNREADY)
        return self._returned(partial(deploy, faulty, _anew()), {"not-ready"})

    def turns_bad(self) -> str:
        """A slot that turns bad while the deploy watches it."""
        faulty = self.plant(Fault.TURNS_BAD)
        return self._returned(partial(deploy, faulty, _anew()), {"turned-bad"})

    def left_alone(self) -> str:
        """A slot that turns bad with nobody watching, as after a killed command: the supervisor returns."""
        before = self._live()
        faulty = self.plant(Fault.TURNS_BAD)
        bad = deploy(faulty, _anew(watch=False)).serving
        clock = self.target.doors.clock
        until = clock.now() + RETURN_SECONDS
        while self._live() == bad:
            if clock.now() >= until:
                raise broken(f"{bad} turned bad and still serves after {RETURN_SECONDS:g} s")
            clock.sleep(0.25)
        if self._live() != before:
            raise broken(f"{self._live()} serves, not {before}")
        return f"{bad} turned bad, {before} serves again, without any command"

    def bad_release(self, release: Release) -> str:
        """A release that is known to be bad."""
        wish = Wish(release, restart=True, wait=LEASE_SECONDS)
        return self._returned(partial(deploy, self.target, wish), None)

    def _returned(self, action: Callable[[], Outcome], codes: set[str] | None) -> str:
        """The action must fail with one of these codes (None: any) and leave the old slot serving."""
        before = self._live()
        try:
            outcome = action()
        except GreenroomError as error:
            if error.exit is not Exit.ROLLED_BACK or (codes and error.code not in codes):
                raise
            if self._live() != before:
                raise broken(f"{self._live()} serves, not {before}, after: {error.message}") from error
            return f"{error.code}; {before} serves"
        raise broken(f"{outcome.serving} serves, although it is bad")

    def _live(self) -> str | None:
        return self.target.doors.traffic.observe(self.target.environment).live

    def _note(self, outcome: Outcome) -> None:
        seconds, proof = outcome.figures.seconds, self.proof
        proof.deploy_seconds.append(
            sum(seconds.values()) - sum(seconds.get(k, 0.0) for k in AFTER_VERIFY | PROBING | WAITING)
        )
        proof.probe_seconds.append(sum(seconds.get(k, 0.0) for k in PROBING))
        for kind, time in seconds.items():
            proof.step_seconds.setdefault(kind, []).append(time)
        self._switches(outcome)

    def _switches(self, outcome: Outcome) -> None:
        self.proof.switch_ms += outcome.figures.switch_ms
        self.proof.commit_ms += outcome.figures.commit_ms
        self.proof.cut += outcome.figures.cut


def _anew(watch: bool = True) -> Wish:
    return Wish(None, restart=True, watch=watch, wait=LEASE_SECONDS)
