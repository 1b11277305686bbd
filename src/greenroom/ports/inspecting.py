"""The door through which an app, its folder and its certificate are looked at. Nothing is changed by looking."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from greenroom.domain.inspected import About, Certificate, Continuity, Counted, Outside, Pace, Strays


class Inspector(Protocol):
    """Asks slots themselves, never through the edge, so that the public and its record see nothing of it."""

    def about(self, environment: str, slot: str) -> tuple[About, ...]:
        """What each worker process says of the app; empty when they do not say."""

    def counted(self, environment: str, slot: str) -> tuple[Counted, ...]:
        """What each worker process has counted, sorted by their names; empty when not all of them say."""

    def continuity(self, environment: str, slot: str, live: str | None) -> Continuity:
        """Whether what each worker process signs is accepted by every other one, of this slot and of the live one."""

    def pace(
        self, environment: str, slot: str, live: str | None, pages: Sequence[str], floor_ms: float
    ) -> Pace | None:
        """Ask the pages of every worker process; None when there was no answer.

        Where an answer took longer than ``floor_ms`` milliseconds, compare with the live slot.
        """

    def ask(self, environment: str, slot: str, path: str) -> int | None:
        """The status of one answer of the slot; None: no answer."""

    def strays(self, release: str) -> Strays | None:
        """How the release's folder differs from what was built; None when what was built is not recorded."""

    def certificate(self, environment: str) -> Certificate:
        """What the edge serves for the environment's host. Raises when the edge does not answer."""

    def outside(self, environment: str) -> Outside:
        """What the environment shows to somebody without a sign-in. Raises when the edge does not answer."""
