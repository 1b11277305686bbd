"""What a proof goes through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from greenroom.domain.fault import Fault, Victim
from greenroom.domain.release import Release
from greenroom.services.target import Target

OPTIONAL = ("rollback", "gate", "turns-bad", "left-alone")
"""Phases of every round that may be left out, in their order."""

Plant = Callable[[Fault], Target]
"""The target again, with a fault planted into whatever is launched on it from now on."""


@dataclass(frozen=True, slots=True)
class Course:
    """``deploys`` good deploys of ``releases`` in turn (none: the live one anew) are the first phase of a round.

    Then come the phases of OPTIONAL but those in ``skip``, the ``bad`` releases, and the ``kills``. Rounds are
    repeated until ``seconds`` are over (None: one round) and go on quietly until ``at_least`` requests were made.
    """

    deploys: int = 5
    releases: tuple[Release, ...] = ()
    bad: tuple[Release, ...] = ()
    kills: tuple[Victim, ...] = ()
    skip: frozenset[str] = frozenset()
    seconds: float | None = None
    at_least: int = 0

    def __post_init__(self) -> None:
        if unknown := self.skip - set(OPTIONAL):
            raise ValueError(f"no such phase: {', '.join(sorted(unknown))}")

    def lines(self) -> list[str]:
        """What will be done, in words."""
        names = ", ".join(r.id for r in self.releases) or "the live release anew"
        told = {
            "rollback": "roll back to the slot that served before",
            "gate": "a new slot whose probe fails on purpose: refused, the old one serves on",
            "turns-bad": "a new slot that answers 500 after a while: returned by the deploy itself",
            "left-alone": "the same with nobody watching: returned by the supervisor",
        }
        lines = [f"{self.deploys} deploy(s), each a new slot: {names}"] if self.deploys else []
        lines += [told[name] for name in OPTIONAL if name not in self.skip]
        lines += [f"deploy {r.id} ({r.subject}): expected to be refused or returned" for r in self.bad]
        lines += [f"kill -9: {victim}" for victim in self.kills]
        if self.seconds is not None:
            lines.append(f"all of it again until {self.seconds:g} s are over")
        return lines
