"""Who takes how much room: each blob lies there once, however many images share it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from greenroom.domain.registry.memory import Remembered, Total
from greenroom.domain.registry.names import kept_by
from greenroom.domain.registry.planning import Plan, branch_of
from greenroom.domain.registry.seen import Repository
from greenroom.domain.registry.settings import Pruning

Blobs = dict[str, int]


@dataclass(frozen=True, slots=True)
class Row:
    """One tag. ``size`` in bytes with everything that it leads to, ``unique`` what no other manifest with a tag has.

    ``since``: seconds since the epoch. ``fate`` and ``reason``: what the next prune would do.
    """

    tag: str
    digest: str
    size: int
    unique: int
    since: float
    fate: str
    reason: str


@dataclass(frozen=True, slots=True)
class Group:
    """Tags of one branch or environment; ``shared``: bytes that others have too."""

    kind: str
    name: str
    tags: int
    size: int
    shared: int


@dataclass(frozen=True, slots=True)
class RepositoryReport:
    """``ours``: it belongs to the project; the others are only told of. ``broken``: tags and digests, with the reason."""

    name: str
    ours: bool
    size: int
    rows: tuple[Row, ...]
    groups: tuple[Group, ...] = ()
    broken: Mapping[str, str] = field(default_factory=dict)
    untagged: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """``missing``: what is in use and in no repository, with who uses it. ``unlisted``: why other repositories could not be found."""

    repositories: tuple[RepositoryReport, ...]
    total: Total
    before: Total | None = None
    missing: Mapping[str, str] = field(default_factory=dict)
    unlisted: str = ""

    def to_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return asdict(self)


def blobs_of(seen: Repository, digests: Iterable[str]) -> Blobs:
    """Everything that those manifests lead to, each once, with its bytes."""
    found: Blobs = {}
    waiting = list(digests)
    while waiting:
        manifest = seen.manifests.get(waiting.pop())
        if manifest is not None and manifest.digest not in found:
            found[manifest.digest] = manifest.size
            found.update(manifest.blobs)
            waiting += manifest.children
    return found


def total(repositories: Iterable[Repository], now: float) -> Total:
    """All of them together."""
    tags, found = 0, Blobs()
    for seen in repositories:
        tags += len(seen.tags)
        found |= blobs_of(seen, seen.manifests)
    return Total(now, tags, sum(found.values()))


def about(
    seen: Repository, plan: Plan | None, remembered: Remembered, pruning: Pruning, now: float
) -> RepositoryReport:
    """One repository. ``plan`` None: it is not ours."""
    since, digests = remembered.of(seen), sorted({d for d in seen.tags.values() if d})
    each = {digest: blobs_of(seen, [digest]) for digest in digests}
    users = Counter(blob for blobs in each.values() for blob in blobs)
    fates = {item.tag: item for item in plan.items} if plan else {}
    rows = []
    for tag, digest in sorted(seen.tags.items()):
        blobs, item = each.get(digest, {}), fates.get(tag)
        unique = sum(size for blob, size in blobs.items() if users[blob] == 1)
        fate, reason = (str(item.fate), item.reason) if item else ("", "")
        rows.append(Row(tag, digest, sum(blobs.values()), unique, since.get(tag, now), fate, reason))
    size = sum(blobs_of(seen, seen.manifests).values())
    broken = {name: one.why for name, one in seen.broken.items()}
    untagged = tuple(sorted(set(seen.manifests) - set(digests)))
    groups = _groups(seen, each, pruning)
    return RepositoryReport(seen.name, plan is not None, size, tuple(rows), groups, broken, untagged)


def _groups(seen: Repository, each: Mapping[str, Blobs], pruning: Pruning) -> tuple[Group, ...]:
    members: dict[tuple[str, str], list[str]] = {}
    for tag in seen.tags:
        members.setdefault(_group_of(tag, pruning), []).append(tag)
    sizes = {key: _together(tags, seen, each) for key, tags in members.items()}
    users = Counter(blob for blobs in sizes.values() for blob in blobs)
    found = []
    for (kind, name), blobs in sorted(sizes.items()):
        shared = sum(size for blob, size in blobs.items() if users[blob] > 1)
        found.append(Group(kind, name, len(members[kind, name]), sum(blobs.values()), shared))
    return tuple(found)


def _group_of(tag: str, pruning: Pruning) -> tuple[str, str]:
    environment = kept_by(tag)
    if environment:
        return "environment", environment[0]
    branch = branch_of(tag, pruning)
    return ("branch", branch) if branch else ("other", "")


def _together(tags: Sequence[str], seen: Repository, each: Mapping[str, Blobs]) -> Blobs:
    found = Blobs()
    for tag in tags:
        found |= each.get(seen.tags[tag], {})
    return found
