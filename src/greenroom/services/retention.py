"""Old builds go; what is live, warm or among the last good ones of any environment never does."""

from __future__ import annotations

from greenroom.domain.retention import keep_releases
from greenroom.domain.stage import release_of
from greenroom.services.target import Target


def good_history(target: Target) -> tuple[str, ...]:
    """Releases in the order in which they last came on stage, oldest first."""
    return _histories(target).get(target.environment, ())


def _histories(target: Target) -> dict[str, tuple[str, ...]]:
    """The same of every environment that was not destroyed since."""
    orders: dict[str, dict[str, None]] = {}
    for entry in target.doors.ledger.entries():
        if entry.kind == "destroyed":
            orders.pop(entry.environment, None)
        elif entry.kind == "switched":
            order = orders.setdefault(entry.environment, {})
            release = release_of(str(entry.data["slot"]))
            order.pop(release, None)
            order[release] = None
    return {environment: tuple(order) for environment, order in orders.items()}


def may_run(target: Target) -> dict[str, str]:
    """Every release that an environment on this target runs, may go back to or wakes up with, and why."""
    found: dict[str, str] = {}
    for environment, order in _histories(target).items():
        keep = max(1, target.keeping(environment))
        found |= {release: f"{environment} may go back to release {release}" for release in order[-keep:]}
    for record in target.doors.records.all():
        if record.release:
            found[record.release] = f"{record.name} wakes up with release {record.release}"
    return found | {id: f"release {id} is on stage" for id in target.doors.stage.in_use()}


def let_go(target: Target) -> tuple[str, ...]:
    """Remove the builds that no environment but this one, which goes, has ever used; returns their ids."""
    env, book = target.environment, target.doors.ledger
    mine = {str(e.data["release"]) for e in book.entries(env) if e.data.get("release")}
    others = {release for name, order in _histories(target).items() if name != env for release in order}
    known = {r.id for r in target.doors.builder.releases()}
    gone = tuple(sorted((mine & known) - others - target.doors.stage.in_use()))
    for id in gone:
        target.doors.builder.remove(id)
    if gone:
        target.doors.builder.collect()
    return gone


def tidy(target: Target) -> tuple[str, ...]:
    """Remove the builds that retention lets go; returns their ids."""
    seen = target.observe(schema=False)
    histories = _histories(target)
    protected = set(target.doors.stage.in_use())
    for environment, order in histories.items():
        if environment != target.environment:
            protected.update(order[-target.keeping(environment) :])
    history = histories.get(target.environment, ())
    decisions = keep_releases(seen.releases, history, frozenset(protected), target.policy.keep_releases)
    gone = tuple(id for id, keep, _ in decisions if not keep)
    for id in gone:
        target.doors.builder.remove(id)
    kept = [r for r in seen.releases if r.id not in gone]
    target.doors.stage.keep_assets(target.environment, kept)
    if gone:
        target.doors.builder.collect()
    return gone
