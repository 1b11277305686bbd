"""Promote: the very build that served in one environment goes on stage in the next, nothing is built."""

from __future__ import annotations

from greenroom.domain.errors import refused
from greenroom.domain.events import note
from greenroom.domain.release import Release
from greenroom.services.deliver import Outcome, Wish, deploy_held
from greenroom.services.target import Target


def promote(
    source: Target,
    target: Target,
    wait: float = 0.0,
    override: str | None = None,
    expected: Release | None = None,
) -> Outcome:
    """Bring the release that ``source`` serves on stage in ``target``; the policy of the target decides.

    Raises (exit 3) when nothing serves in the source, or another release than the ``expected`` one, or the target's
    policy forbids it.
    """
    live = source.observe(schema=False).live_slot
    if live is None:
        raise refused("nothing-live", f"no release serves in {source.environment}", "greenroom env list")
    if expected is not None and expected.id != live.release:
        raise refused(
            "serves-another",
            f"{source.environment} serves {live.release} by now, and {expected.id} was to be promoted",
            f"greenroom -e {source.environment} status",
        )
    release = source.doors.builder.get(live.release)
    target.emit(note(f"{release.id} ({release.commit[:12]} {release.subject}) serves {source.environment}"))
    with target.lease.hold("promote", wait):
        outcome = deploy_held(target, Wish(release, override=override), "deploy")
        _tell(source, target, release, live.id)
    return outcome


def _tell(source: Target, target: Target, release: Release, slot: str) -> None:
    target.doors.ledger.append(
        target.environment,
        "promoted",
        release=release.id,
        source=source.environment,
        slot=slot,
        by=target.who,
    )
