"""Remove an environment with everything in it, look for all of it again, and keep the receipt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from greenroom.domain.errors import Exit, GreenroomError, of_the_machine, refused
from greenroom.domain.events import note
from greenroom.domain.record import Record, State
from greenroom.ports import Presence, Resource
from greenroom.services.performing import timed
from greenroom.services.retention import let_go
from greenroom.services.settle import let_migration_end
from greenroom.services.target import Target
from greenroom.services.telling import untold

LEASE_LOST = "lease-lost"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was there, what is there now, and how many bytes its data and files took. ``stays``: data that nobody here may remove,
    and where it lies."""

    environment: str
    was: dict[str, str]
    left: tuple[str, ...]
    freed: int
    stuck: tuple[str, ...] = ()
    stays: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """For ``--json`` and the ledger."""
        return {
            "environment": self.environment,
            "was": self.was,
            "left": list(self.left),
            "freed": self.freed,
            "stuck": list(self.stuck),
            "stays": list(self.stays),
        }


def destroy(
    target: Target,
    wait: float = 0.0,
    resume: bool = False,
    expected: Record | None = None,
    stop: bool = False,
    absent: bool = False,
) -> Receipt:
    """Remove the environment: processes, public side, database, bucket, secrets, files; its history stays.

    What cannot be removed does not keep the rest from going: it is named at the end, with exit 5, and the next call
    goes on. ``expected``: the record that somebody's decision rests on; when it has changed since, nothing is removed
    (exit 3). ``resume``: only go on with a removal that was begun. ``stop``: end the platform with its last environment.
    ``absent``: there must be no record of it.
    """
    env, records = target.environment, target.doors.records
    with target.lease.hold("destroy", wait):
        record = records.get(env)
        if expected is not None and record != expected:
            raise refused("changed", f"{env} has changed since it was looked at", "greenroom sweep")
        if absent and record is not None:
            raise refused("changed", f"{env} has a record by now", "greenroom sweep")
        if resume and (record is None or record.state is not State.GOING):
            raise refused("not-begun", f"no removal of {env} was begun", f"greenroom env destroy {env}")
        if record is not None:
            going = partial(records.put, replace(record, state=State.GOING))
            timed(target, "record", f"note that {env} goes", going)
        timed(target, "start", "start the platform", target.platform.start)
        let_migration_end(target)
        receipt = _remove(target)
        told = {key: value for key, value in receipt.to_json().items() if key != "environment"}
        target.doors.ledger.append(env, "destroyed", **told)
        if receipt.left or receipt.stuck:
            raise _still_there(receipt)
        # The lock goes before the record: killed in between, the record says what is left to do.
        if record is not None and record.owner:
            target.lease.forget()
        timed(target, "record", "forget it", partial(records.drop, env))
        if stop and not records.all():
            timed(target, "stop", "stop everything, in order", target.platform.stop)
    target.emit(note("nothing is left of it but its history"))
    untold(target)
    return receipt


def _remove(target: Target) -> Receipt:
    env, doors = target.environment, target.doors
    seen: list[tuple[str, Presence]] = []
    stuck: list[str] = []
    for resource in doors.resources:
        look = partial(_look, resource, env, seen)
        stuck += _try(target, "look", f"look for the {resource.name}", look)
    was = {name: presence.detail or "there" for name, presence in seen if presence.there}
    stays = tuple(line for _, presence in seen for line in presence.stays)
    if stays:  # written down first: once it has gone nothing tells of them
        doors.ledger.append(env, "stays", data=list(stays))
    for line in stays:
        target.emit(note(f"its data stays where it lies: {line}"))
    slots = target.observe(schema=False).slots
    was |= {"slots": ", ".join(s.id for s in slots)} if slots else {}
    acts: list[tuple[str, str, Callable[[], object]]] = [
        ("workers", "stop workers and cron roles", partial(doors.stage.workers, env, None)),
        ("forget", "let nobody reach it", partial(doors.traffic.forget, env)),
    ]
    acts += [("retire", f"retire slot {s.id}", partial(doors.stage.retire, env, s.id)) for s in slots]
    *first, last = [
        ("remove", f"remove the {r.name}", partial(_end, target, r)) for r in reversed(doors.resources)
    ]
    acts += first
    acts += [("tidy", "remove the releases that nobody needs", partial(let_go, target))]
    for act in acts:
        stuck += _try(target, *act)
    if not stuck:
        # What opens the others goes last, and only when they have gone: without it the next call could neither remove nor see them.
        stuck += _try(target, *last)
    left: list[str] = []
    for resource in doors.resources:
        look = partial(_look_again, resource, env, left)
        stuck += _try(target, "look", f"look for the {resource.name} again", look)
    left += [f"slot {s.id}" for s in target.observe(schema=False).slots]
    freed = sum(presence.bytes or 0 for _, presence in seen)
    return Receipt(env, was, tuple(left), freed, tuple(stuck), stays)


def _end(target: Target, resource: Resource) -> None:
    target.lease.check()
    resource.remove(target.environment)


def _look(resource: Resource, environment: str, seen: list[tuple[str, Presence]]) -> None:
    seen.append((resource.name, resource.observe(environment)))


def _look_again(resource: Resource, environment: str, left: list[str]) -> None:
    left.extend(resource.residue(environment))


def _try(target: Target, kind: str, text: str, act: Callable[[], object]) -> list[str]:
    """Do it; why it did not work, or nothing. Raises (exit 6) when somebody else has the lease by now."""
    try:
        timed(target, kind, text, act)
    except GreenroomError as error:
        if error.code == LEASE_LOST:
            raise
        return [f"{text}: {error.message}"]
    except OSError as error:
        return [f"{text}: {of_the_machine(error).message}"]
    return []


def _still_there(receipt: Receipt) -> GreenroomError:
    parts = ", ".join((*receipt.left, *receipt.stuck))
    return GreenroomError(
        "residue",
        f"{receipt.environment} is not gone whole: {parts}",
        f"greenroom env destroy {receipt.environment} --resume",
        Exit.UNSAFE,
    )
