"""What is due after a command has returned or died: finish, undo, retire.

``due`` is asked by whoever holds the lease: the next command, or the supervisor (a CronJob on Kubernetes).
"""

from __future__ import annotations

from collections.abc import Iterable

from greenroom.domain.stage import Mode, Observation, Slot, slot_id
from greenroom.domain.steps import (
    Confirm,
    Drain,
    Launch,
    Plan,
    Probe,
    Retire,
    SetMode,
    StageRelease,
    Step,
    Switch,
    Watch,
    Workers,
)


def due(seen: Observation, now: float) -> Plan:
    """Everything that should happen by ``now`` (seconds since the epoch) and has not.

    Nothing in it changes what the public sees, except that a release's window which nobody ended is ended.
    """
    if was_set_back(seen, now):
        now = float("inf")
    steps = (*_open_again(seen), *_judge(seen, now), *_leave(seen, now))
    return Plan(seen.environment, steps, seen.live_slot.release if seen.live_slot else None, "due work")


def may_be_due(seen: Observation, now: float) -> bool:
    """The same question, asked without the database's word (``heads`` None): is it worth a closer look?"""
    return seen.window or may_be_idle(seen, now) or bool(due(seen, now))


def may_be_idle(seen: Observation, now: float) -> bool:
    """Is it time to look whether the live slot is still asked for?"""
    live = seen.live_slot
    return live is not None and live.idle_at is not None and live.idle_at <= now and seen.mode is Mode.OPEN


def was_set_back(seen: Observation, now: float) -> bool:
    """Has the clock been set back since something was launched or switched? Then every deadline counts as over."""
    return any(s.launched_at > now or (s.switched_at or 0.0) > now for s in seen.slots)


def _open_again(seen: Observation) -> tuple[Step, ...]:
    if not seen.window or seen.live_slot is None or seen.migrating:
        return ()  # what runs may yet break the release that is live
    if seen.mode is Mode.OPEN or seen.may_serve(seen.live_slot.release).ok:
        return (SetMode(Mode.OPEN),)
    return _forward(seen) if seen.heads is not None else ()


def _forward(seen: Observation) -> tuple[Step, ...]:
    """A window died after its migration: the old release may not serve any more, so a newer one must."""
    safe = [r.id for r in seen.releases if seen.may_serve(r.id).ok]
    if not safe:
        return ()
    ready = [s for s in seen.others if s.release == safe[-1] and s.id in seen.up]
    slot = ready[-1].id if ready else slot_id(safe[-1], seen.next_number, seen.environment)
    launch: tuple[Step, ...] = ()
    if not ready:
        launch = (*_going(seen.others), StageRelease(safe[-1]), Launch(safe[-1], slot))
    switch = Switch(slot, seen.live, warm=0.0)
    return (*launch, Probe(slot), switch, SetMode(Mode.OPEN), Confirm(slot), Workers(slot))


def _judge(seen: Observation, now: float) -> tuple[Step, ...]:
    live = seen.live_slot
    if live is None or seen.mode is not Mode.OPEN:
        return ()
    if live.watch_until is not None and live.watch_until > now:
        return ()
    if live.watch_until is not None:
        return (Watch(live.id, live.previous), *_workers(seen, live))
    return _workers(seen, live)


def _workers(seen: Observation, live: Slot) -> tuple[Step, ...]:
    return () if seen.working == {live.id} else (Workers(live.id),)


def _leave(seen: Observation, now: float) -> tuple[Step, ...]:
    if seen.window and seen.mode is not Mode.OPEN:
        return ()
    watched = seen.live_slot is not None and seen.live_slot.watch_until is not None
    gone = [s for s in seen.others if _is_over(s, seen, now) and not (watched and _is_way_back(s, seen))]
    return _going(gone)


def _going(slots: Iterable[Slot]) -> tuple[Step, ...]:
    return tuple(step for s in slots for step in (Drain(s.id), Retire(s.id)))


def _is_over(slot: Slot, seen: Observation, now: float) -> bool:
    abandoned = slot.warm_until is None
    expired = slot.warm_until is not None and slot.warm_until <= now
    dead = slot.id not in seen.up
    return abandoned or expired or dead


def _is_way_back(slot: Slot, seen: Observation) -> bool:
    live = seen.live_slot
    return live is not None and live.previous == slot.id and slot.id in seen.up


def undo(seen: Observation) -> Plan:
    """After a failure before the switch: remove the candidate, open again. The public saw nothing."""
    opening = _open_again(seen)
    used = {s.slot for s in opening if isinstance(s, Switch | Retire)}
    steps = (*opening, *_going(s for s in _candidates(seen) if s.id not in used))
    return Plan(seen.environment, steps, seen.live_slot.release if seen.live_slot else None, "undo")


def abandon(seen: Observation) -> Plan:
    """After due work itself has failed: its candidate goes, so that the next try starts afresh."""
    return Plan(seen.environment, _going(_candidates(seen)), None, "abandon")


def _candidates(seen: Observation) -> tuple[Slot, ...]:
    return tuple(s for s in seen.others if s.warm_until is None)
