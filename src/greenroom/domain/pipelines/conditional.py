"""Single rules, and the older ``only`` and ``except``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from greenroom.domain.pipelines.expressions import holds, names, parse, pattern
from greenroom.domain.pipelines.places import Place, Table
from greenroom.domain.pipelines.situation import Situation

SOURCES = {
    "pushes": "push",
    "schedules": "schedule",
    "web": "web",
    "triggers": "trigger",
    "api": "api",
    "pipelines": "pipeline",
    "chat": "chat",
    "external": "external",
}


@dataclass(frozen=True, slots=True)
class Considered:
    """The first rule that matches, None when none does; ``because``: its condition with the values that it met."""

    rule: Table | None
    because: str
    place: Place | None = None


def first_rule(
    rules: Iterable[Any], variables: Mapping[str, str], situation: Situation, exists: Callable[[str], bool]
) -> Considered:
    """The rule that decides. Raises BadExpression."""
    tables = [rule for rule in rules if isinstance(rule, Table)]
    for rule in tables:
        if _matches(rule, variables, situation, exists):
            return Considered(rule, _told(rule, variables), rule.own)
    lets_in = [_told(rule, variables) for rule in tables if rule.get("when") != "never"]
    return Considered(None, f"not {' and not '.join(lets_in)}" if lets_in else "no rule lets it in")


def _matches(
    rule: Table, variables: Mapping[str, str], situation: Situation, exists: Callable[[str], bool]
) -> bool:
    if "if" in rule and not holds(parse(str(rule["if"])), variables):
        return False
    if "changes" in rule and not _changed(_globs(rule["changes"]), situation):
        return False
    return "exists" not in rule or any(exists(glob) for glob in _globs(rule["exists"]))


def _told(rule: Table, variables: Mapping[str, str]) -> str:
    if "if" not in rule:
        return (
            "a rule without a condition" if len(rule) <= 2 else " and ".join(n for n in rule if n != "when")
        )
    text = " ".join(str(rule["if"]).split())
    met = ", ".join(_met(name, variables) for name in names(parse(str(rule["if"]))))
    return f"{text}  [{met}]" if met else text


def _met(name: str, variables: Mapping[str, str]) -> str:
    return f"{name}={variables[name]}" if name in variables else f"no {name}"


def _globs(found: Any) -> list[str]:
    paths = found.get("paths", []) if isinstance(found, dict) else found
    return [str(path) for path in paths] if isinstance(paths, list) else [str(paths)]


def _changed(globs: Iterable[str], situation: Situation) -> bool:
    """Tags and schedules change everything, as GitLab sees it."""
    if situation.changed is None or situation.tag or situation.source == "schedule":
        return True
    return any(glob_matches(glob, path) for glob in globs for path in situation.changed)


def glob_matches(glob: str, path: str) -> bool:
    """``*`` stays within a folder, ``**`` does not."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", glob)
    signs = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.fullmatch("".join(signs.get(p, re.escape(p)) for p in parts), path) is not None


def satisfied_policy(
    job: Table, variables: Mapping[str, str], situation: Situation, bare: bool
) -> tuple[bool, str]:
    """``only`` and ``except``. ``bare``: the file has no ``workflow:rules``, so a job without rules is for branches and tags."""
    only, unless = job.get("only"), job.get("except")
    if only is None and unless is None:
        if not bare:
            return True, "it has no rules, and the workflow lets it in"
        there = not situation.request
        return there, "it has no rules: for branches and tags" + ("" if there else ", not for merge requests")
    wanted = only if only is not None else ["branches", "tags"]
    if not all(_policy(wanted, variables, situation, ["branches", "tags"])):
        return False, f"only: {_shown(wanted)}"
    if unless is not None and any(_policy(unless, variables, situation, None)):
        return False, f"except: {_shown(unless)}"
    return True, f"only: {_shown(wanted)}" if only is not None else f"not except: {_shown(unless)}"


def _policy(
    found: Any, variables: Mapping[str, str], situation: Situation, default: list[str] | None
) -> Iterator[bool]:
    table = found if isinstance(found, dict) else {"refs": found}
    refs = table.get("refs", default)
    if refs is not None:
        yield any(_ref(str(ref), situation) for ref in (refs if isinstance(refs, list) else [refs]))
    if "variables" in table:
        yield any(holds(parse(str(text)), variables) for text in table["variables"])
    if "changes" in table:
        yield _changed(_globs(table["changes"]), situation)


def _ref(ref: str, situation: Situation) -> bool:
    ref = ref.partition("@")[0]
    kinds = {
        "branches": not situation.tag and not situation.request,
        "tags": situation.tag,
        "merge_requests": situation.request,
    }
    if ref in kinds:
        return kinds[ref]
    if ref in SOURCES:
        return not situation.request and situation.source == SOURCES[ref]
    if situation.request:
        return False
    found = pattern(ref)
    return found.search(situation.ref) is not None if found else ref == situation.ref


def _shown(found: Any) -> str:
    return ", ".join(map(str, found)) if isinstance(found, list) else str(found)
