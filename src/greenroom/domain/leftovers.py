"""What earlier tools left on a cluster: shown with a reason, never removed, for nobody here knows what it holds."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from greenroom.domain.refs import SLUG, template_parts
from greenroom.domain.rules import Rule, resolve

_ANY = {SLUG: r"[a-z0-9-]+?"}
"""What a part of a name may be; one of a pattern has no dash, the branch's slug may."""

_WORD = r"[a-z0-9]+"


@dataclass(frozen=True, slots=True)
class Leftover:
    """One thing. ``kind`` in a word; ``name`` with its namespace or node; ``cure``: how a person removes it."""

    kind: str
    name: str
    why: str
    cure: str

    def to_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return asdict(self)


def without_a_branch(rules: Sequence[Rule], alive: Collection[str], name: str) -> str | None:
    """The environment of a branch that a foreign name tells of, such as ``fb-12`` in ``shop-fb-12``, when no branch leads there
    any more; None when it tells of none, or of one that is alive."""
    for rule in rules:
        parts = re.split(r"\{\w+\}", rule.name)
        if not rule.per_branch or not parts[0]:
            continue  # a name that is nothing but the branch's could be anybody's
        holes = [_ANY.get(part, _WORD) for part in template_parts(rule.name)]
        pattern = re.escape(parts[0]) + "".join(
            hole + re.escape(part) for hole, part in zip(holes, parts[1:], strict=True)
        )
        found = re.search(rf"(?:^|-)({pattern})$", name)
        if found and not any(name == one or name.endswith(f"-{one}") for one in alive):
            return found[1]
    return None


def led_to(rules: Sequence[Rule], branches: Collection[str]) -> frozenset[str]:
    """The environments that these branches lead to."""
    return frozenset(found.name for ref in branches if (found := resolve(rules, ref, {})).rule is not None)
