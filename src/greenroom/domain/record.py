"""What is remembered of an environment: whose it is, and what has become of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum

from greenroom.domain.environment import Access, Environment, TargetKind, Tier
from greenroom.domain.rules import Rule


class State(StrEnum):
    """Being made, there, being removed. Whether it sleeps is seen at the edge, not remembered."""

    MAKING = "making"
    READY = "ready"
    GOING = "going"


@dataclass(frozen=True, slots=True)
class Record:
    """One environment. All times are in seconds since the epoch.

    ``rule``: the name of the rule that made it; ``owner``: the branch it belongs to, empty for an environment of the
    project's file. ``deployed_at`` and ``commit``: its last deploy. ``beyond``: the last commit of its branch that was
    seen outside the target branch since that deploy; None while the branch has had none of its own. ``extended_to``:
    a person's word on how long it lives. ``release``: what an environment that sleeps wakes up with. ``env``: a
    person's settings for it alone, above those of its rule. ``target``: where it was made; None in records of before, which the
    place that they are kept in tells.
    """

    name: str
    rule: str
    owner: str
    tier: Tier
    host: str
    created_at: float
    state: State = State.MAKING
    deployed_at: float | None = None
    commit: str | None = None
    beyond: str | None = None
    extended_to: float | None = None
    release: str | None = None
    env: dict[str, str] = field(default_factory=dict)
    target: TargetKind | None = None

    def expires_at(self, ttl: float | None) -> float | None:
        """When its time is over: its time to live after the last deploy, or later if somebody said so."""
        if ttl is None:
            return self.extended_to
        return max((self.deployed_at or self.created_at) + ttl, self.extended_to or 0.0)

    def environment(self, rule: Rule | None) -> Environment:
        """The environment, also when its rule is gone from the project's file: then it is where it was made, and private, since
        nobody says any more who may see it. One of a branch stays where it was made, whatever its rule says by now."""
        if rule is None:
            made_at = self.target or TargetKind.LOCAL
            place = Environment(self.name, self.tier, self.host, target=made_at, access=Access.PRIVATE)
        else:
            place = rule.environment(self.name)
        if self.owner and self.target is not None:
            place = replace(place, target=self.target)
        return replace(place, env=tuple(sorted({**dict(place.env), **self.env}.items())))


def made_by(rules: Iterable[Rule], record: Record) -> Rule | None:
    """The rule that made it; None when the project's file has it no longer."""
    return next((rule for rule in rules if rule.name == record.rule), None)


def new_record(rule: Rule, name: str, owner: str, now: float) -> Record:
    """The record of an environment that is about to be made."""
    made = rule.environment(name)
    owned_by = owner if rule.per_branch else ""
    return Record(name, rule.name, owned_by, made.tier, made.host, now, target=made.target)
