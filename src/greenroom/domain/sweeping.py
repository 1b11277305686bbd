"""Which environments are due to go, and why each of the others stays. What cannot be seen never goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from greenroom.domain.record import Record, State, made_by
from greenroom.domain.rules import Rule


class Merge(StrEnum):
    """The state of a merge request."""

    OPEN = "open"
    MERGED = "merged"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class MergeRequest:
    """One merge request of a branch; ``at``: when it came into that state, in seconds since the epoch."""

    number: int
    branch: str
    state: Merge
    at: float


@dataclass(frozen=True, slots=True)
class BranchSeen:
    """What the forge says of a branch now. ``tip`` None: there is no such branch.

    ``tip_merged``, ``beyond_merged``: is the tip, and the last commit recorded outside, in the target branch now? None:
    that cannot be told.
    """

    tip: str | None
    tip_merged: bool | None = None
    beyond_merged: bool | None = None
    requests: tuple[MergeRequest, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The fate of one environment, with the reason as a sentence."""

    name: str
    owner: str
    goes: bool
    reason: str


def judge(
    records: Sequence[Record],
    rules: Sequence[Rule],
    seen: Mapping[str, BranchSeen] | None,
    now: float,
    cap: int,
) -> tuple[Verdict, ...]:
    """Decide over every environment, in the order given. ``seen`` by branch; None: the forge could not be read whole.

    At most ``cap`` go, those first whose removal was begun, then the oldest.
    """
    verdicts = [_one(record, made_by(rules, record), seen, now) for record in records]
    order = sorted(
        (n for n, v in enumerate(verdicts) if v.goes),
        key=lambda n: (records[n].state is not State.GOING, records[n].created_at, records[n].name),
    )
    for n in order[cap:]:
        later = f"later: at most {cap} go in one run ({verdicts[n].reason})"
        verdicts[n] = replace(verdicts[n], goes=False, reason=later)
    return tuple(verdicts)


def _one(record: Record, rule: Rule | None, seen: Mapping[str, BranchSeen] | None, now: float) -> Verdict:
    goes, reason = _fate(record, rule, seen, now)
    return Verdict(record.name, record.owner, goes, reason)


def _fate(
    record: Record, rule: Rule | None, seen: Mapping[str, BranchSeen] | None, now: float
) -> tuple[bool, str]:
    if not record.owner:
        return False, "the project's file names it"
    if seen is None:
        return False, "the branches could not be read whole"
    if record.state is State.GOING:
        return True, "its removal was begun"
    branch = seen.get(record.owner)
    if branch is None:
        return False, f"nobody looked at the branch {record.owner}"
    if branch.tip is None:
        return True, f"the branch {record.owner} is gone"
    expires = record.expires_at(rule.like.ttl if rule else None)
    if expires is not None and expires <= now:
        return True, f"its time is over since {round(now - expires)} s"
    return _merged(record, branch)


def _merged(record: Record, branch: BranchSeen) -> tuple[bool, str]:
    """Merged: by a request that ended after the last deploy while none is open; or all own commits are in the target."""
    opened = [r for r in branch.requests if r.state is Merge.OPEN]
    if opened:
        return False, f"merge request !{opened[-1].number} is open"
    deployed = record.deployed_at or record.created_at
    ended = [r for r in branch.requests if r.at > deployed]
    if ended:
        return True, f"merge request !{ended[-1].number} was {ended[-1].state} after the last deploy"
    if record.beyond is None:
        return False, "its branch has no commits of its own since the last deploy"
    if branch.tip_merged is None or branch.beyond_merged is None:
        return False, "it cannot be told whether its branch was merged"
    if branch.tip_merged and branch.beyond_merged:
        return True, "all commits of its branch are in the target branch"
    return False, "its branch is not merged"


def beyond_now(record: Record, branch: BranchSeen | None) -> str | None:
    """The commit to remember as last seen outside the target branch."""
    if branch is not None and branch.tip is not None and branch.tip_merged is False:
        return branch.tip
    return record.beyond
