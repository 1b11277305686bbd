"""Old builds go; what is live, warm or among the last good ones never does."""

from __future__ import annotations

from greenroom.domain.retention import keep_releases
from greenroom.services.target import Target


def good_history(target: Target) -> tuple[str, ...]:
    """Releases in the order in which they last came on stage, oldest first."""
    order: dict[str, None] = {}
    for entry in target.doors.ledger.entries(target.environment, "switched"):
        release = str(entry.data["slot"]).rsplit("-", 1)[0]
        order.pop(release, None)
        order[release] = None
    return tuple(order)


def tidy(target: Target) -> tuple[str, ...]:
    """Remove the builds that retention lets go; returns their ids."""
    seen = target.observe(schema=False)
    protected = frozenset(s.release for s in seen.slots)
    history = good_history(target)
    decisions = keep_releases(seen.releases, history, protected, target.policy.keep_releases)
    gone = tuple(id for id, keep, _ in decisions if not keep)
    for id in gone:
        target.doors.builder.remove(id)
    kept = [r for r in seen.releases if r.id not in gone]
    target.doors.stage.keep_assets(target.environment, kept)
    if gone:
        target.doors.builder.collect({id for id, keep, _ in decisions if keep})
    return gone
