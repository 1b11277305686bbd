"""Which environment a branch belongs to: ordered rules, the first that matches decides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from greenroom.domain.environment import PRODUCTION, Environment, Tier
from greenroom.domain.refs import LONGEST_NAME, RefPattern, branch, expand, invalid, template_parts

RESERVED = frozenset({"none", "www", "sign-in"})
"""Names that no environment may have: the edge's own word for nobody, and hosts that stand for something else."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of environment. ``like``: what each of its environments is like; its name is a name, or a template with
    parts of the ref, then each branch has its own; ``{name}`` in its host stands for the environment's name.

    ``refs``: patterns of the branches that belong to it; none: it is deployed by name, or promoted to. ``most``: so many at
    once; ``disk``: bytes that one may use.
    """

    like: Environment
    refs: tuple[str, ...] = ()
    most: int | None = None
    disk: int | None = None

    @property
    def name(self) -> str:
        """What the rule is called: its environments' name, or the template of their names."""
        return self.like.name

    @property
    def per_branch(self) -> bool:
        """Does each branch have its own?"""
        return bool(template_parts(self.name))

    @property
    def domain(self) -> str:
        """The domain below which its hosts lie; only for rules with an environment per branch."""
        return self.like.host.partition(".")[2]

    def environment(self, name: str) -> Environment:
        """The environment of that name."""
        return replace(self.like, name=name, host=self.like.host.replace("{name}", name))


@dataclass(frozen=True, slots=True)
class Considered:
    """A rule that was looked at, and why it did or did not decide."""

    rule: str
    matched: bool
    because: str


@dataclass(frozen=True, slots=True)
class Resolution:
    """Where a branch belongs. ``rule`` None: nowhere. ``instead_of``: the name that another branch has already."""

    ref: str
    rule: Rule | None
    name: str
    considered: tuple[Considered, ...]
    instead_of: str | None = None
    owned_by: str | None = None


def resolve(rules: Sequence[Rule], ref: str, owners: Mapping[str, str]) -> Resolution:
    """Apply the rules to a branch. ``owners``: the branch of each environment that exists.

    A branch keeps the environment that it has. A name that belongs to another branch, or to a rule without parts, is
    not given twice: the next free one with a number is taken.
    """
    ref = branch(ref)
    why_not = invalid(ref)
    considered: list[Considered] = []
    for rule in rules:
        parts, because = _match(rule, ref, why_not)
        considered.append(Considered(rule.name, parts is not None, because))
        if parts is not None:
            return _named(rules, rule, ref, parts, owners, tuple(considered))
    return Resolution(ref, None, "", tuple(considered))


def _match(rule: Rule, ref: str, why_not: str) -> tuple[dict[str, str] | None, str]:
    if why_not:
        return None, f"no branch is called that: {why_not}"
    if not rule.refs:
        return None, "no branch leads there; it is deployed by name, or promoted to"
    for pattern in rule.refs:
        parts = RefPattern(pattern).match(ref)
        if parts is not None:
            return parts, f"matches {pattern}"
    return None, f"does not match {' or '.join(rule.refs)}"


def _named(
    rules: Sequence[Rule],
    rule: Rule,
    ref: str,
    parts: Mapping[str, str],
    owners: Mapping[str, str],
    considered: tuple[Considered, ...],
) -> Resolution:
    if not rule.per_branch:
        return Resolution(ref, rule, rule.name, considered)
    wanted = expand(rule.name, parts, ref)
    candidates = list(_candidates(wanted, len(owners) + len(rules) + len(RESERVED) + 1))
    mine = [name for name in candidates if owners.get(name) == ref]
    if mine:
        return Resolution(ref, rule, mine[0], considered)
    taken = {*owners, *RESERVED, *(r.name for r in rules)}
    name = next(name for name in candidates if name not in taken)
    if name == wanted:
        return Resolution(ref, rule, name, considered)
    return Resolution(ref, rule, name, considered, wanted, owners.get(wanted))


def _candidates(wanted: str, count: int) -> Iterator[str]:
    yield wanted
    for number in range(2, count + 2):
        suffix = f"-{number}"
        yield wanted[: LONGEST_NAME - len(suffix)].rstrip("-") + suffix


def rule_of(rules: Sequence[Rule], name: str) -> Rule | None:
    """The rule without parts that has this name."""
    return next((r for r in rules if r.name == name and not r.per_branch), None)


def default_rules(host: str) -> tuple[Rule, ...]:
    """What a project without rules has: production."""
    return (Rule(Environment(PRODUCTION, Tier.PRODUCTION, host), ("master", "main")),)
