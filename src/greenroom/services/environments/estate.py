"""All environments of one project: what the use cases about more than one of them receive."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from greenroom.domain.environment import Environment
from greenroom.domain.errors import Exit, GreenroomError, refused
from greenroom.domain.events import Emit
from greenroom.domain.record import Record, made_by
from greenroom.domain.refs import branch
from greenroom.domain.rules import Resolution, Rule, resolve
from greenroom.ports import Board, Clock, Forge, Ledger, Records
from greenroom.ports.environments import Leftovers
from greenroom.services.target import Target


@dataclass(frozen=True, slots=True)
class Estate:
    """``target`` gives the doors of one environment.

    ``url``: its public address. ``cap``: so many environments go in one sweep. ``leftovers``: of earlier tools, where
    environments run that could have some. ``board``: where the team reads of them.
    """

    rules: tuple[Rule, ...]
    records: Records
    forge: Forge
    clock: Clock
    ledger: Ledger
    emit: Emit
    target: Callable[[Environment], Target]
    url: Callable[[Environment], str]
    cap: int = 10
    leftovers: Leftovers | None = None
    board: Board | None = None

    def resolve(self, ref: str) -> Resolution:
        """Which environment the branch belongs to."""
        owners = {r.name: r.owner for r in self.records.all()}
        return resolve(self.rules, ref, owners)

    def rule(self, record: Record) -> Rule | None:
        """The rule that made it, if the project's file still has it."""
        return made_by(self.rules, record)

    def environment(self, record: Record) -> Environment:
        """Identity and policy of an environment."""
        return record.environment(self.rule(record))

    def known(self, name: str) -> Record:
        """Its record. Raises (exit 2) when there is no such environment."""
        record = self.records.get(name)
        if record is None:
            there = ", ".join(r.name for r in self.records.all()) or "none"
            raise GreenroomError(
                "no-environment", f"there is no environment {name}", f"there is: {there}", Exit.USAGE
            )
        return record

    def of_branch(self, ref: str) -> Record | None:
        """The environment that belongs to this branch alone, if there is one."""
        return next((r for r in self.records.all() if r.owner == branch(ref)), None)

    def at(self, record: Record) -> Target:
        """The doors of an environment that has a record."""
        return self.target(self.environment(record))

    def change(self, name: str, **fields: object) -> Record:
        """Change single fields of a record; the caller holds its lease."""
        changed = replace(self.known(name), **fields)  # type: ignore[arg-type]
        self.records.put(changed)
        return changed


def wanted(estate: Estate, ref: str) -> tuple[Resolution, Rule]:
    """The environment of a branch. Raises (exit 3) when no rule leads to one, with what each rule said."""
    found = estate.resolve(ref)
    if found.rule is None:
        raise refused(
            "no-rule",
            f"the branch {found.ref} belongs to no environment",
            f"greenroom env resolve '{found.ref}'",
            details="\n".join(f"{c.rule}: {c.because}" for c in found.considered),
        )
    return found, found.rule


def check_room(estate: Estate, rule: Rule) -> None:
    """Raise (exit 3) when there are as many environments of this kind as may be."""
    there = [r.name for r in estate.records.all() if r.rule == rule.name]
    if rule.most is not None and len(there) >= rule.most:
        raise refused(
            "quota",
            f"there are {len(there)} environments of the kind {rule.name}, and {rule.most} may be",
            "remove one with greenroom env destroy, see what could go: greenroom sweep",
            details="\n".join(there),
        )
