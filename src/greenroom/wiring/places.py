"""From an environment's name to what is known of it."""

from __future__ import annotations

from greenroom.domain.environment import Environment
from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.record import made_by
from greenroom.domain.rules import Rule, rule_of
from greenroom.ports import Records


def known(name: str, rules: tuple[Rule, ...], records: Records) -> Environment | None:
    """From its record and the rule that made it, or from the project's file; None when nobody knows the name."""
    rule, record = rule_of(rules, name), records.get(name)
    if record is not None:
        return record.environment(rule or made_by(rules, record))
    return rule.environment(name) if rule is not None else None


def place_of(name: str, rules: tuple[Rule, ...], records: Records) -> Environment:
    """The same. Raises (exit 2) when there is no environment of that name."""
    place = known(name, rules, records)
    if place is not None:
        return place
    there = [*(r.name for r in rules if not r.per_branch), *(r.name for r in records.all() if r.owner)]
    raise GreenroomError(
        "no-environment", f"there is no environment {name}", f"there is: {', '.join(there)}", Exit.USAGE
    )
