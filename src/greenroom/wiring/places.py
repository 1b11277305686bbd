"""From an environment's name to what is known of it."""

from __future__ import annotations

from greenroom.domain.environment import Environment
from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.rules import Rule, rule_of
from greenroom.ports import Records


def place_of(name: str, rules: tuple[Rule, ...], records: Records) -> Environment:
    """From the project's file, or from its record. Raises (exit 2) when there is no environment of that name."""
    rule = rule_of(rules, name)
    if rule is not None:
        return rule.environment(name)
    record = records.get(name)
    if record is not None:
        return record.environment(next((r for r in rules if r.name == record.rule), None))
    there = [*(r.name for r in rules if not r.per_branch), *(r.name for r in records.all() if r.owner)]
    raise GreenroomError(
        "no-environment", f"there is no environment {name}", f"there is: {', '.join(there)}", Exit.USAGE
    )
