"""The policy of an environment, asked before a build comes on stage there."""

from __future__ import annotations

from greenroom.domain.errors import refused
from greenroom.domain.release import Release
from greenroom.services.target import Target


def check_gate(target: Target, release: Release, override: str | None) -> None:
    """Raise (exit 3) with every reason why the build may not come on stage now.

    ``override``: a person's reason to do it all the same; quiet time and freeze give way to it, and the ledger keeps it.
    """
    gate = target.place.gate
    now = target.doors.clock.now()
    reasons = gate.refusals(now, target.who, _served(target, release))
    if reasons and override:
        target.doors.ledger.append(
            target.environment,
            "override",
            release=release.id,
            reason=override,
            by=target.who,
            against=list(reasons),
        )
        reasons = tuple(r for r in reasons if not r.startswith("it is quiet time"))
    if reasons:
        raise refused(
            "policy",
            f"{release.id} may not come on stage in {target.environment}: {'; '.join(reasons)}",
            _hint(target),
        )


def _hint(target: Target) -> str:
    after = target.place.gate.after
    if after is None:
        return 'later, or with --override "REASON" where only the time is in the way'
    return f"greenroom -e {after} deploy, then: greenroom promote {after} {target.environment}"


def _served(target: Target, release: Release) -> bool:
    """Did the required environment serve this very build, found good there or confirmed by a whole deploy?"""
    after = target.place.gate.after
    if after is None:
        return True
    entries = target.doors.ledger.entries(after)
    return any(e.kind == "deploy.done" and e.data.get("release") == release.id for e in entries)
