"""Sleep and wake: no process, all data; the release that was live comes back by the first request, or by a command."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from greenroom.domain.due import may_be_idle
from greenroom.domain.errors import refused
from greenroom.domain.events import note
from greenroom.domain.record import State
from greenroom.services.deliver import Wish, deploy_held
from greenroom.services.performing import timed
from greenroom.services.remembering import remembered
from greenroom.services.settle import settle, settle_first
from greenroom.services.target import Target


def sleep(target: Target, wait: float = 0.0) -> None:
    """Stop every process of the environment. Again: finish what was cut short.

    Where requests wake it, the edge holds whoever comes. Raises (exit 3) for production, and where nothing serves.
    """
    with target.lease.hold("sleep", wait):
        sleep_held(target)


def sleep_held(target: Target) -> None:
    """The same; the caller holds the lease."""
    env, doors = target.environment, target.doors
    if target.place.tier == "production":
        raise refused("never-sleeps", "production does not sleep", "greenroom maintenance on")
    live = target.observe(schema=False).live_slot
    if live is not None:
        record = replace(remembered(target), release=live.release)
        timed(target, "record", "note what it wakes up with", partial(doors.records.put, record))
        timed(target, "doze", "let nobody reach it any more", partial(doors.traffic.doze, env))
    elif not doors.traffic.observe(env).asleep:
        raise refused("nothing-live", "no release serves in this environment", "greenroom env show")
    slots = target.observe(schema=False).slots
    if slots:
        timed(target, "workers", "stop workers and cron roles", partial(doors.stage.workers, env, None))
    for slot in slots:
        drain = partial(doors.traffic.drain, env, slot.id, target.policy.drain_timeout)
        timed(target, "drain", f"let {slot.id} finish", drain)
        timed(target, "retire", f"retire slot {slot.id}", partial(doors.stage.retire, env, slot.id))
    if live is not None or slots:
        doors.ledger.append(env, "asleep", release=remembered(target).release)


def wake(target: Target, wait: float = 0.0) -> str:
    """Bring the release back that was live; returns the slot that serves."""
    with target.lease.hold("wake", wait):
        return wake_held(target)


def wake_held(target: Target) -> str:
    """The same; the caller holds the lease. Raises (exit 3) when it does not sleep and nothing serves."""
    doors, env = target.doors, target.environment
    seen = target.observe(schema=False)
    if seen.live_slot is not None and seen.live in seen.up:
        timed(target, "wake", "open again", partial(doors.traffic.open_again, env))
        doors.records.put(replace(remembered(target), state=State.READY, release=None))
        settle_first(target)
        return seen.live_slot.id
    record = remembered(target)
    if record.release is None:
        raise refused(
            "nothing-live", f"{env} does not sleep, and nothing serves there", f"greenroom -e {env} up"
        )
    release = doors.builder.get(record.release)
    outcome = deploy_held(target, Wish(release, restart=True), "wake")
    doors.records.put(replace(remembered(target), state=State.READY, release=None))
    doors.ledger.append(env, "awake", release=release.id)
    return outcome.serving or ""


def look_after(target: Target) -> bool:
    """Due work of an environment that sleeps or may be idle: was there any? The caller holds the lease."""
    doors, env = target.doors, target.environment
    if remembered(target).state is State.GOING:
        return False  # whoever calls comes too late
    if doors.traffic.called(env):
        wake_held(target)
        return True
    seen, now = target.observe(schema=False), doors.clock.now()
    live, nap = seen.live_slot, target.place.sleep_after
    if live is None or not may_be_idle(seen, now):
        return False
    last = max(doors.traffic.last_request(env) or 0.0, live.switched_at or live.launched_at)
    if nap is None or last + nap > now:
        doors.stage.amend(env, live.id, idle_at=None if nap is None else last + nap)
        return True
    target.emit(note(f"nobody has asked for it for {now - last:.0f} s"))
    sleep_held(target)
    return True


def due_work(target: Target) -> bool:
    """Everything that is due in one environment, for the supervisor; gives way to whoever has the lease (exit 6)."""
    with target.lease.hold("due work", 0.0):
        done = bool(settle(target))
        return look_after(target) or done
