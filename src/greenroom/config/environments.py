"""The rules of ``[[environments]]``: what takes more than one key to see, and the domain's rules from the tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from greenroom.config.mistakes import Mistake, shown
from greenroom.domain.environment import (
    PRODUCTION,
    Access,
    Admitted,
    DatabaseKind,
    Environment,
    Strategy,
    TargetKind,
    Tier,
)
from greenroom.domain.promotion import Gate, freeze, quiet
from greenroom.domain.refs import SLUG, RefPattern, template_parts
from greenroom.domain.rules import RESERVED, Rule, default_rules

if TYPE_CHECKING:
    from greenroom.config.environment_table import EnvironmentTable


def environments(raw: dict[str, Any]) -> Iterator[Mistake]:
    """Mistakes between the tables, and between the keys of one."""
    found = raw.get("environments")
    tables = [(n, t) for n, t in enumerate(found if isinstance(found, list) else ()) if isinstance(t, dict)]
    names = [t.get("name") for _, t in tables]
    for number, table in tables:
        path = ("environments", number)
        name = table.get("name")
        if not isinstance(name, str):
            continue
        if names.index(name) < number:
            yield Mistake((*path, "name"), f"{shown(name)} is the name of an earlier table")
        if name in RESERVED:
            yield Mistake((*path, "name"), f"{shown(name)} is reserved; choose another name")
        yield from (Mistake((*path, *m.path), m.text) for m in _table(name, table))
        known = [n for n in names if isinstance(n, str) and not template_parts(n)]
        if "after" in table and table["after"] not in known:
            yield Mistake((*path, "after"), f"{shown(table['after'])} is no environment of this file")


def _table(name: str, table: dict[str, Any]) -> Iterator[Mistake]:
    parts = set(template_parts(name)) - {SLUG}
    refs = table.get("refs", [])
    for number, ref in enumerate(refs if isinstance(refs, list) else ()):
        missing = sorted(parts - set(RefPattern(ref).captures)) if isinstance(ref, str) else []
        if missing:
            yield Mistake(
                ("refs", number), f"{shown(ref)} has no part {{{missing[0]}}}, which the name needs"
            )
    yield from _database(table)
    if not template_parts(name):
        return
    if not refs:
        yield Mistake(("refs",), 'missing key "refs": a name with parts needs branches to take them from')
    host = table.get("host", "{name}.")
    if isinstance(host, str) and not host.startswith("{name}."):
        yield Mistake(
            ("host",), f"must begin with {{name}}. where each branch has its own, not {shown(host)}"
        )
    if table.get("tier") == "production":
        yield Mistake(("tier",), "production is one environment, not one for each branch")


def _database(table: dict[str, Any]) -> Iterator[Mistake]:
    word = table.get("database")
    if word is None:
        return
    if table.get("target", "local") != "kubernetes":
        yield Mistake(
            ("database",),
            '"database" is about environments with target = "kubernetes"; others have their own',
        )
    elif word in ("chart", "external") and "template" in table:
        yield Mistake(("template",), f"a database that is {shown(word)} is a copy of nothing")


def rules(tables: Sequence[EnvironmentTable], host: str) -> tuple[Rule, ...]:
    """The domain's rules. ``host`` is production's; production is added where no table has that name."""
    found = [_rule(table, host) for table in tables]
    if not any(rule.name == PRODUCTION for rule in found):
        return (*found, *default_rules(host))
    return tuple(found)


def _rule(table: EnvironmentTable, host: str) -> Rule:
    tier = Tier(table.tier) if table.tier else _tier(table.name)
    simple = Strategy.BLUE_GREEN if tier is Tier.PRODUCTION else Strategy.SIMPLE
    like = Environment(
        name=table.name,
        tier=tier,
        host=table.host or (host if table.name == PRODUCTION else f"{{name}}.{host}"),
        target=TargetKind(table.target),
        strategy=Strategy(table.strategy) if table.strategy else simple,
        access=Access(table.access),
        admitted=Admitted(
            tuple(table.users), tuple(table.allow_ips), tuple(table.groups), tuple(table.emails)
        ),
        template=table.template,
        database=DatabaseKind(table.database) if table.database else None,
        ttl=table.ttl,
        sleep_after=table.sleep_after,
        gate=_gate(table),
        keep_releases=table.keep_releases,
        env=tuple(sorted(table.env.items())),
    )
    return Rule(like, tuple(table.refs), table.max, table.max_disk)


def _gate(table: EnvironmentTable) -> Gate:
    spans = tuple(map(quiet, table.quiet)), tuple(map(freeze, table.freeze))
    return Gate(table.after, *spans, tuple(table.who), ZoneInfo(table.timezone))


def _tier(name: str) -> Tier:
    if template_parts(name):
        return Tier.REVIEW
    return Tier(name) if name in (PRODUCTION, "staging") else Tier.DEVELOPMENT
