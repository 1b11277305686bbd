"""Make an environment for a branch, or bring the branch's newest commit on stage in the one that it has."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from greenroom.domain.errors import refused
from greenroom.domain.events import note
from greenroom.domain.record import Record, State, new_record
from greenroom.domain.rules import Resolution, Rule
from greenroom.services.deliver import Outcome, Wish, deploy_held
from greenroom.services.environments.estate import Estate, check_room, wanted
from greenroom.services.performing import timed
from greenroom.services.preparing import ready
from greenroom.services.provenance import build
from greenroom.services.target import Target


@dataclass(frozen=True, slots=True)
class Made:
    """An environment that serves its branch. ``new``: it was made by this command. ``seconds``: how long it took."""

    record: Record
    resolution: Resolution
    outcome: Outcome
    new: bool
    url: str
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "environment": self.record.name,
            "branch": self.resolution.ref,
            "url": self.url,
            "new": self.new,
            "instead_of": self.resolution.instead_of,
            "serving": self.outcome.serving,
            "seconds": round(self.seconds, 3),
        }


def create(estate: Estate, ref: str, commit: str | None = None, wait: float = 0.0) -> Made:
    """``commit`` defaults to the branch itself. Running it again finishes what was cut short.

    Raises (exit 3) when no rule leads to an environment, or there is no room for another one, or it takes too much.
    """
    began = estate.clock.monotonic()
    found, rule = wanted(estate, ref)
    if found.instead_of:
        whose = f"belongs to {found.owned_by}" if found.owned_by else "is reserved"
        estate.emit(note(f"{found.instead_of} {whose}; this branch gets {found.name}"))
    known = estate.records.get(found.name)
    if known is None:
        check_room(estate, rule)
    place = known.environment(rule) if known else rule.environment(found.name)
    target = estate.target(place)
    with target.lease.hold("env create", wait):
        new = _claim(estate, target, found)
        if not new:
            _check_disk(target, rule)
        release = build(target, commit or found.ref)
        ready(target)
        outcome = deploy_held(target, Wish(release), "deploy")
        record = estate.change(found.name, state=State.READY)
    return Made(record, found, outcome, new, estate.url(place), estate.clock.monotonic() - began)


def _check_disk(target: Target, rule: Rule) -> None:
    """Raise (exit 3) when the environment's data takes more room than its rule gives it."""
    used = sum(r.observe(target.environment).bytes or 0 for r in target.doors.resources)
    if rule.disk is not None and used > rule.disk:
        raise refused(
            "quota-disk",
            f"{target.environment} takes {used / 1e6:.0f} MB, and {rule.disk / 1e6:.0f} MB are what it may",
            f"greenroom env destroy {target.environment}, or raise max_disk",
        )


def _claim(estate: Estate, target: Target, found: Resolution) -> bool:
    """Write the record under the lease: nobody else makes or removes this environment now. Was it new?"""
    known = estate.records.get(found.name)
    assert found.rule is not None
    if known is not None and found.rule.per_branch and known.owner != found.ref:
        raise refused("taken", f"{found.name} belongs to {known.owner} by now", "do it again")
    if known is not None and known.state is State.GOING:
        raise refused(
            "going", f"the removal of {found.name} was begun", f"greenroom env destroy {found.name} --resume"
        )
    record = known or new_record(found.rule, found.name, found.ref, estate.clock.now())
    put = partial(estate.records.put, record)
    timed(target, "claim", f"{found.name} is for {found.ref}", put)
    return record.state is State.MAKING
