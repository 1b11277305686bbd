"""Records of environments that run in more than one place."""

from __future__ import annotations

from greenroom.domain.environment import TargetKind
from greenroom.domain.record import Record, made_by
from greenroom.domain.rules import Rule, rule_of
from greenroom.ports import Records


class JoinedRecords:
    """See :class:`greenroom.ports.Records`: those of this machine and those of the cluster. An environment's rule says whose
    it is; one whose rule is gone stays where it is found."""

    def __init__(self, rules: tuple[Rule, ...], local: Records, cluster: Records) -> None:
        self._rules, self._local, self._cluster = rules, local, cluster

    def all(self) -> tuple[Record, ...]:
        return tuple(sorted((*self._local.all(), *self._cluster.all()), key=lambda r: r.name))

    def get(self, name: str) -> Record | None:
        rule = rule_of(self._rules, name)
        if rule is not None:
            return self._of(rule).get(name)
        return self._local.get(name) or self._cluster.get(name)

    def put(self, record: Record) -> None:
        rule = rule_of(self._rules, record.name) or made_by(self._rules, record)
        (self._of(rule) if rule else self._where(record.name)).put(record)

    def drop(self, name: str) -> None:
        self._where(name).drop(name)

    def _where(self, name: str) -> Records:
        return self._local if self._local.get(name) is not None else self._cluster

    def _of(self, rule: Rule) -> Records:
        return self._cluster if rule.like.target is TargetKind.KUBERNETES else self._local
