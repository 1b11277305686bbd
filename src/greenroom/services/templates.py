"""Templates: copy an environment's database, take out what is personal, let new environments be cloned from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from greenroom.domain.anonymise import Column, Rules, impossible, uncovered
from greenroom.domain.errors import Exit, GreenroomError, refused
from greenroom.domain.secret import Secret
from greenroom.ports import Anonymiser, Template, Templates
from greenroom.services.performing import timed
from greenroom.services.target import Target

SHOWN = 20
"""Columns without a rule that an error names; more of them are counted."""


@dataclass(frozen=True, slots=True)
class Refreshed:
    """A template that was made: rows that the rules changed by table, and seconds that all of it took."""

    template: Template
    changed: Mapping[str, int]
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """For ``--json`` and the ledger."""
        return {**as_json(self.template), "changed": dict(self.changed), "seconds": round(self.seconds, 1)}


def refresh(
    target: Target, templates: Templates, anonymiser: Anonymiser, name: str, rules: Rules
) -> Refreshed:
    """Make or replace a template from the target's environment, which goes on serving.

    Raises (exit 3) when a column that looks personal has no rule, before anything is copied and again on the copy, and
    (exit 2) when a rule cannot be followed. The environment's lease is not held: a deploy may go on meanwhile.
    """
    clock = target.doors.clock
    began = clock.monotonic()
    check(templates.columns(target.environment), rules)
    changed: dict[str, int] = {}

    def prepare(url: Secret) -> None:
        check(anonymiser.columns(url), rules)
        changed.update(timed(target, "anonymise", "apply the rules", lambda: anonymiser.apply(url, rules)))

    what = f"copy {target.environment} into template {name}"
    timed(target, "template", what, lambda: templates.refresh(name, target.environment, prepare))
    (made,) = (t for t in templates.list() if t.name == name)
    done = Refreshed(made, changed, clock.monotonic() - began)
    target.doors.ledger.append(target.environment, "template", **done.to_json())
    return done


def remove(target: Target, templates: Templates, name: str) -> None:
    """Remove a template; environments that were cloned from it stay. Raises (exit 2) when there is none."""
    known = [template.name for template in templates.list()]
    if name not in known:
        raise GreenroomError(
            "no-template",
            f"there is no template {name}",
            f"there is: {', '.join(known) or 'none'}",
            Exit.USAGE,
        )
    timed(target, "template", f"remove template {name}", lambda: templates.remove(name))
    target.doors.ledger.append(target.environment, "template-removed", name=name)


def check(columns: Iterable[Column], rules: Rules) -> None:
    """Raises when a personal column has no rule (exit 3) or a rule cannot be followed (exit 2)."""
    seen = tuple(columns)
    if missing := uncovered(seen, rules):
        more = f"\nand {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
        error = refused(
            "personal", f"{len(missing)} column(s) look personal and have no rule", "docs/guides/templates.md"
        )
        error.details = "\n".join(missing[:SHOWN]) + more
        raise error
    if wrong := impossible(seen, rules):
        raise GreenroomError(
            "rules", "rules that cannot be followed", "correct them", Exit.USAGE, "\n".join(wrong)
        )


def as_json(template: Template) -> dict[str, Any]:
    """For ``--json``."""
    return {**asdict(template), "heads": sorted(template.heads)}
