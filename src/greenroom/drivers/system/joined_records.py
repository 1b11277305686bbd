"""Records of environments that run in more than one place."""

from __future__ import annotations

from greenroom.domain.environment import TargetKind
from greenroom.domain.record import Record
from greenroom.domain.rules import Rule, rule_of
from greenroom.ports import Records


class JoinedRecords:
    """See :class:`greenroom.ports.Records`: those of this machine and those of the cluster. A fixed environment's rule says whose
    it is; one of a branch, and one whose rule is gone, stays where it was made."""

    def __init__(self, rules: tuple[Rule, ...], local: Records, cluster: Records) -> None:
        self._rules, self._local, self._cluster = rules, local, cluster

    def all(self) -> tuple[Record, ...]:
        return tuple(sorted((*self._local.all(), *self._cluster.all()), key=lambda r: r.name))

    def get(self, name: str) -> Record | None:
        rule = rule_of(self._rules, name)
        if rule is not None:
            return self._at(rule.like.target).get(name)
        return self._local.get(name) or self._cluster.get(name)

    def put(self, record: Record) -> None:
        rule = rule_of(self._rules, record.name)
        self._at(rule.like.target if rule else record.target).put(record)

    def drop(self, name: str) -> None:
        record = self.get(name)
        if record is not None:
            rule = rule_of(self._rules, name)
            self._at(rule.like.target if rule else record.target).drop(name)

    def _at(self, target: TargetKind | None) -> Records:
        return self._cluster if target is TargetKind.KUBERNETES else self._local
