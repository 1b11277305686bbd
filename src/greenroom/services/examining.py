"""Examine what environments stand on, a cluster or the project's GitLab: what will hurt whichever of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.findings import Answers, Check, Checked, skipped
from greenroom.ports.examining import Examiner

REFUSALS = frozenset({"no-right", "gitlab-scope", "gitlab-role", "registry", "registry-login"})
"""Errors that mean: this account may not look into that, or what only one check is about does not answer."""


@dataclass(frozen=True, slots=True)
class Examined(Answers):
    """What was found. ``title``: what was looked at; ``fixed``: what was changed before, as sentences."""

    title: str
    checked: tuple[Checked, ...]
    fixed: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return {**self.counted(), "fixed": list(self.fixed)}


def examine(
    examiner: Examiner, title: str, known: Mapping[str, Check], names: Sequence[str] = (), fix: bool = False
) -> Examined:
    """Ask the named ones of the ``known`` checks, or all; one that this account may not look into is skipped, with the refusal.

    ``fix``: what a check can mend is mended first. Raises when there is no such check (exit 2) or what is examined is away.
    """
    unknown = [name for name in names if name not in known]
    if unknown:
        there = ", ".join(known)
        raise GreenroomError(
            "unknown-check", f"there is no check {unknown[0]} of {title}", f"there is: {there}", Exit.USAGE
        )
    wanted = [name for name in known if not names or name in names]
    fixed = tuple(line for name in wanted for line in _fixed(examiner, name)) if fix else ()
    return Examined(title, tuple(_asked(examiner, name) for name in wanted), fixed)


def _asked(examiner: Examiner, name: str) -> Checked:
    try:
        return examiner.check(name)
    except GreenroomError as error:
        if error.code in REFUSALS:
            return skipped(name, error.message)
        raise


def _fixed(examiner: Examiner, name: str) -> tuple[str, ...]:
    """What was done; a refusal is told when the check itself is asked."""
    try:
        return examiner.fix(name)
    except GreenroomError as error:
        if error.code in REFUSALS:
            return ()
        raise
