"""Which tags go, and why each of the others stays. What is not known never goes."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

from greenroom.domain.refs import slug
from greenroom.domain.registry.names import held_by, kept_by, leader_of, natural, subject_of
from greenroom.domain.registry.seen import Repository
from greenroom.domain.registry.settings import Pruning


@dataclass(frozen=True, slots=True)
class InUse:
    """What is needed outside the registry, each with the reason: manifests by digest, tags by name.

    ``commits``: what was built from them, where a tag tells it; pipelines by their number too. ``branches``: those that are open; None: nobody has said, and all
    count as open.
    """

    digests: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    branches: Collection[str] | None = None
    commits: Mapping[str, str] = field(default_factory=dict)

    def __or__(self, other: InUse) -> InUse:
        branches = other.branches if self.branches is None else self.branches
        commits = {**other.commits, **self.commits}
        return InUse({**other.digests, **self.digests}, {**other.tags, **self.tags}, branches, commits)

    def built(self, tag: str) -> str:
        """Why it stays for the commit that it tells, whole or cut, or for the pipeline; empty: it tells none that is needed."""
        numbers = [self.commits[part] for part in _NUMBER.findall(tag) if part in self.commits]
        told = _COMMIT.findall(tag)
        cut = (why for c, why in self.commits.items() for part in told if c.startswith(part))
        return next(iter((*numbers, *cut)), "")

    def opened(self, branch: str) -> bool:
        """Is there such a branch, as tags write it (GitLab cuts its ``CI_COMMIT_REF_SLUG`` after 63 characters)?"""
        if self.branches is None or not branch:
            return True
        told, cut = slug(branch), len(branch) >= _CUT
        return any(one == told or (cut and one.startswith(told)) for one in map(slug, self.branches))


_COMMIT = re.compile(r"(?<![0-9a-z])[0-9a-f]{7,40}(?![0-9a-z])")

_NUMBER = re.compile(r"(?<![0-9a-z])[0-9]+(?![0-9a-z])")

_CUT = 60
"""A branch's name of so many characters may have been cut."""

_BEGUN = "its removal was begun"


class Fate(StrEnum):
    """``KEEP``: it stays. ``UNTAG``: the tag goes, its manifest is needed. ``DELETE``: both go. ``LATER``: due, but not in this run."""

    KEEP = "keep"
    UNTAG = "untag"
    DELETE = "delete"
    LATER = "later"

    @property
    def goes(self) -> bool:
        """Now?"""
        return self in (Fate.UNTAG, Fate.DELETE)


@dataclass(frozen=True, slots=True)
class Item:
    """One tag and what becomes of it. ``digest`` is empty where the tag cannot be read."""

    tag: str
    digest: str
    fate: Fate
    reason: str

    def to_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Plan:
    """Every tag of one repository, in the order in which they go. ``needed``: the manifests that stay, with or without a tag."""

    repository: str
    items: tuple[Item, ...]
    needed: frozenset[str]

    @property
    def going(self) -> tuple[Item, ...]:
        """Those that go in this run."""
        return tuple(item for item in self.items if item.fate.goes)


def plan(
    seen: Repository,
    used: InUse,
    since: Mapping[str, float],
    pruning: Pruning,
    now: float,
    broken: bool = False,
) -> Plan:
    """``since``: when each tag was first seen with the digest that it has. ``broken``: tags that cannot be read go too.

    Whatever ``since`` does not tell was first seen now. All times in seconds since the epoch.
    """
    ages = {tag: max(0.0, now - since.get(tag, now)) for tag in seen.tags}
    kept = {tag: why for tag in seen.tags if (why := _held(seen, tag, used, ages[tag], pruning, broken))}
    kept |= {tag: why for tag, why in _newest(seen, used, ages, pruning).items() if tag not in kept}
    roots = [seen.tags[tag] for tag in kept if seen.tags[tag]]
    needed = seen.needed([*roots, *(d for d in used.digests if d in seen.manifests)])
    items = [_item(seen, tag, kept, needed) for tag in seen.tags]
    items = _with_a_tag_left(items, needed)
    items.sort(key=lambda i: (not i.fate.goes, bool(subject_of(i.tag)), -ages[i.tag], natural(i.tag)))
    return Plan(seen.name, tuple(_capped(items, pruning.most)), frozenset(needed))


def _discarded(seen: Repository, tag: str) -> bool:
    manifest = seen.manifests.get(seen.tags[tag])
    return manifest is not None and manifest.discarded


def _held(seen: Repository, tag: str, used: InUse, age: float, pruning: Pruning, broken: bool) -> str:
    """Why the tag stays for its own sake; empty when it does not."""
    digest = seen.tags[tag]
    if _discarded(seen, tag):
        return ""
    mine = kept_by(tag)
    if mine:
        return f"{mine[0]} may still run release {mine[1]}"
    if why := used.tags.get(tag) or used.digests.get(digest) or used.built(tag):
        return why
    if not digest:
        return "" if broken else "its manifest cannot be read: see the report, then --broken"
    if held_by(tag):
        return ""
    if any(re.fullmatch(pattern, tag) for pattern in pruning.protect):
        return "its name is protected"
    return f"first seen less than {pruning.min_age:g} s ago" if age < pruning.min_age else ""


def _newest(seen: Repository, used: InUse, ages: Mapping[str, float], pruning: Pruning) -> dict[str, str]:
    """The newest of each open branch by when they were first seen; among those of one moment, by their names."""
    branches: dict[str, list[str]] = {}
    for tag, digest in seen.tags.items():
        readable = digest and not _discarded(seen, tag)
        if readable and not leader_of(tag) and not kept_by(tag):
            branches.setdefault(branch_of(tag, pruning), []).append(tag)
    found = {}
    for branch, tags in branches.items():
        if not used.opened(branch):
            continue
        tags.sort(key=natural, reverse=True)
        tags.sort(key=lambda tag: ages[tag])
        where = f"of {branch}" if branch else "of no known branch"
        for place, tag in enumerate(tags[: pruning.newest]):
            found[tag] = f"number {place + 1} of the newest {where}"
    return found


def branch_of(tag: str, pruning: Pruning) -> str:
    """The branch that a tag tells; empty: none."""
    if leader_of(tag) or kept_by(tag):
        return ""
    found = re.fullmatch(pruning.branch, tag)
    return (found.groupdict().get("branch") or "") if found else ""


def _item(seen: Repository, tag: str, kept: Mapping[str, str], needed: Mapping[str, str]) -> Item:
    digest = seen.tags[tag]
    if tag in kept:
        return Item(tag, digest, Fate.KEEP, kept[tag])
    if _discarded(seen, tag):
        return Item(tag, digest, Fate.DELETE, _BEGUN)
    if not digest:
        return Item(tag, digest, Fate.DELETE, "its manifest cannot be read")
    leader = leader_of(tag)
    if leader:
        if leader in needed:
            return Item(
                tag, digest, Fate.KEEP, f"it {'holds' if held_by(tag) else 'is about'} {leader}, which stays"
            )
        if digest in needed:
            return Item(tag, digest, Fate.UNTAG, f"nobody needs {leader}")
        return Item(tag, digest, Fate.DELETE, f"nobody needs {leader}")
    why = "neither in use nor protected, nor young, nor among the newest of an open branch"
    return Item(tag, digest, Fate.UNTAG if digest in needed else Fate.DELETE, why)


def _with_a_tag_left(items: Sequence[Item], needed: Mapping[str, str]) -> list[Item]:
    """No manifest that is needed loses its last tag: the collector would take it."""
    tagged = {item.digest for item in items if item.fate is Fate.KEEP}
    found = []
    for item in sorted(items, key=lambda i: (bool(leader_of(i.tag)), natural(i.tag))):
        if item.fate is Fate.UNTAG and item.digest not in tagged:
            tagged.add(item.digest)
            leader = needed[item.digest]
            by = "it" if leader == item.digest else leader
            item = replace(
                item, fate=Fate.KEEP, reason=f"the last tag of a manifest that is needed: {by} is in use"
            )
        found.append(item)
    return found


def _capped(items: Sequence[Item], most: int) -> list[Item]:
    """What a killed run began is finished whatever the cap is."""
    found, gone = [], 0
    for item in items:
        if item.fate.goes and item.reason != _BEGUN:
            gone += 1
            if gone > most:
                item = replace(item, fate=Fate.LATER, reason=f"at most {most} go in one run: {item.reason}")
        found.append(item)
    return found
