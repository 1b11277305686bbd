"""Branch rules of a project as conditions of GitLab."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from greenroom.domain.refs import RefPattern
from greenroom.domain.rules import Rule

BRANCH, REF = "$CI_COMMIT_BRANCH", "$CI_COMMIT_REF_NAME"
SCHEDULE = '$CI_PIPELINE_SOURCE == "schedule"'
REQUEST = '$CI_PIPELINE_SOURCE == "merge_request_event"'
OWN_SOURCE = "$CI_MERGE_REQUEST_SOURCE_PROJECT_PATH == $CI_PROJECT_PATH"
FOREIGN = f"{REQUEST} && $CI_MERGE_REQUEST_SOURCE_PROJECT_PATH != $CI_PROJECT_PATH"
"""A merge request from a fork: its code must not be deployed here."""

_PART = re.compile(r"(\*|\{[a-z]+\})")


def plain(ref: str) -> bool:
    """Is it the name of one branch?"""
    return not _PART.search(ref)


def condition(variable: str, refs: Iterable[str]) -> str:
    """``variable`` is one of these refs, as GitLab compares and matches."""
    return " || ".join(_one(variable, ref) for ref in refs)


def matching(ref: str) -> str:
    """The regular expression (RE2) for a pattern of branches, between slashes."""
    parts = (_regex(part) for part in _PART.split(ref))
    return f"/^{''.join(parts)}$/"


def reachable(rules: Sequence[Rule], rule: Rule) -> tuple[str, ...]:
    """Its refs, without those that an earlier rule takes whole."""
    earlier = [ref for r in rules[: rules.index(rule)] for ref in r.refs]
    return tuple(ref for ref in rule.refs if not any(_covers(other, ref) for other in earlier))


def _covers(ref: str, own: str) -> bool:
    """Does ``ref`` match whatever ``own`` matches? Of two different patterns only ``*`` is known to."""
    if ref in ("*", own):
        return True
    return plain(own) and RefPattern(ref).match(own) is not None


def _one(variable: str, ref: str) -> str:
    return f'{variable} == "{ref}"' if plain(ref) else f"{variable} =~ {matching(ref)}"


def _regex(part: str) -> str:
    if part == "*":
        return ".*"
    if part.startswith("{"):
        return "[0-9A-Za-z]+"
    return re.sub(r"[.+/]", r"\\\g<0>", part)


def meet(ref: str, own: str) -> bool:
    """Can one branch match both? Two patterns are taken to."""
    if plain(ref):
        return RefPattern(own).match(ref) is not None
    return not plain(own) or RefPattern(ref).match(own) is not None
