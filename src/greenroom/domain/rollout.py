"""The blue/green state machine: from what is seen to what is left to do.

Nothing is remembered. A killed deploy is taken up by observing again: before its switch the next actor undoes it,
after it the next actor finishes (:mod:`greenroom.domain.due`).
"""

from __future__ import annotations

from dataclasses import dataclass

from greenroom.domain.errors import Exit, GreenroomError, refused
from greenroom.domain.policy import Policy
from greenroom.domain.release import Release
from greenroom.domain.revisions import Phase, Revision, may_serve
from greenroom.domain.stage import Mode, Observation, slot_id
from greenroom.domain.steps import (
    Confirm,
    Drain,
    Launch,
    Migrate,
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


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a deploy wants: this release, run with this configuration, breaking revisions only in ``window``.

    ``fresh`` asks for a new slot although the live one already is what is wanted (a restart).
    """

    release: Release
    config: str
    window: Mode | None = None
    fresh: bool = False


def rollout(seen: Observation, wanted: Wanted, policy: Policy) -> Plan:
    """The whole way from what is seen to the wanted release on stage; an empty plan when it is there.

    Raises :class:`GreenroomError` (exit 3) when the release may not serve: its breaking revisions have no window,
    the schema is beyond it, or nobody can tell.
    """
    release = wanted.release
    if seen.heads is None:
        raise refused(
            "schema-unknown",
            "the database's revision could not be read, so nobody knows what may serve on it",
            "greenroom status shows what runs; greenroom up starts what does not",
        )
    pending = seen.pending(release)
    if _is_there(seen, wanted) and not pending:
        return Plan(seen.environment, (), release.id, f"release {release.id} serves already")
    breaking = _breaking(seen, pending)
    if breaking and wanted.window is None:
        raise _needs_window(breaking)
    _check_can_migrate(seen, release, pending)
    _check_may_serve_after(seen, release, pending)
    slot = slot_id(release.id, seen.next_number, seen.environment)
    middle = _windowed if breaking else _blue_green
    steps = (*clearing(seen), StageRelease(release.id), *middle(seen, wanted, policy, slot, pending))
    return Plan(seen.environment, steps, release.id, _summary(seen, release, pending, breaking))


def clearing(seen: Observation) -> tuple[Step, ...]:
    """Retire every slot but the live one: at most two run at any time."""
    return tuple(step for s in seen.others for step in (Drain(s.id), Retire(s.id)))


def _is_there(seen: Observation, wanted: Wanted) -> bool:
    live = seen.live_slot
    return (
        live is not None
        and not wanted.fresh
        and live.release == wanted.release.id
        and live.config == wanted.config
        and live.id in seen.up
    )


def _breaking(seen: Observation, pending: tuple[Revision, ...]) -> tuple[Revision, ...]:
    if seen.live is None:
        return ()
    return tuple(r for r in pending if r.phase is not Phase.EXPAND)


def _needs_window(breaking: tuple[Revision, ...]) -> GreenroomError:
    names = ", ".join(f"{r.id} ({r.phase}{'' if r.declared else ', undeclared'})" for r in breaking)
    hint = "deploy in a window: greenroom deploy --window maintenance (or: --window hold)"
    if any(not r.declared for r in breaking):
        hint += '; or declare greenroom_phase = "expand" in the revision file if the old release survives it'
    return refused("needs-window", f"these revisions break the release that serves now: {names}", hint)


def _check_can_migrate(seen: Observation, release: Release, pending: tuple[Revision, ...]) -> None:
    """Alembic cannot upgrade a database whose head it does not know."""
    unknown = sorted((seen.heads or frozenset()) - release.revisions.ids)
    if pending and unknown:
        raise refused(
            "schema-diverged",
            f"the database is at revision {', '.join(unknown)}, which release {release.id} lacks, "
            f"and it brings {', '.join(r.id for r in pending)} of its own",
            "bring both branches together: alembic merge heads, commit, greenroom deploy",
        )


def _check_may_serve_after(seen: Observation, release: Release, pending: tuple[Revision, ...]) -> None:
    after = frozenset(seen.heads or ()) | {r.id for r in pending}
    newest = release.revisions.joined(seen.newest_graph)
    answer = may_serve(release.revisions, after, newest)
    if not answer.ok:
        raise refused(
            "schema-ahead",
            f"release {release.id} may not serve: {answer.because}",
            newest_safe_hint(seen),
        )


def newest_safe_hint(seen: Observation, besides: str | None = None) -> str:
    """The hint that names the newest release that may serve on the schema as it is (``besides`` left out)."""
    safe = [r for r in seen.releases if r.id != besides and seen.may_serve(r.id).ok]
    if not safe:
        return "no other release on disk may serve on this schema; fix forward: greenroom deploy"
    return (
        f"the newest release that may: {safe[-1].id} ({safe[-1].subject}); greenroom rollback {safe[-1].id}"
    )


def _blue_green(
    seen: Observation, wanted: Wanted, policy: Policy, slot: str, pending: tuple[Revision, ...]
) -> tuple[Step, ...]:
    old = seen.live
    return (
        *_migration(wanted.release, pending),
        Launch(wanted.release.id, slot),
        Probe(slot, against=old),
        Switch(slot, old, watch=policy.watch if old else None, warm=policy.keep_warm if old else None),
        Confirm(slot),
        *([Watch(slot, old)] if old else []),
        Workers(slot),
    )


def _windowed(
    seen: Observation, wanted: Wanted, policy: Policy, slot: str, pending: tuple[Revision, ...]
) -> tuple[Step, ...]:
    old = seen.live
    assert old is not None and wanted.window is not None
    return (
        SetMode(wanted.window, window=True),
        Workers(None),
        Drain(old),
        *_migration(wanted.release, pending),
        Launch(wanted.release.id, slot),
        Probe(slot, against=old),
        Switch(slot, old, watch=policy.watch, warm=0.0),
        SetMode(Mode.OPEN),
        Confirm(slot),
        Watch(slot, None),
        Workers(slot),
    )


def _migration(release: Release, pending: tuple[Revision, ...]) -> tuple[Step, ...]:
    return (Migrate(release.id, tuple(r.id for r in pending)),) if pending else ()


def _summary(
    seen: Observation, release: Release, pending: tuple[Revision, ...], breaking: tuple[Revision, ...]
) -> str:
    if seen.live is None:
        disruption = "first release"
    elif breaking:
        disruption = (
            f"window needed: {len(breaking)} revision(s) break the old release, which cannot serve again"
        )
    else:
        disruption = "no request is lost; the old slot stays warm"
    what = f"{len(pending)} revision(s)" if pending else "no revision"
    return f"release {release.id} ({release.subject}): {what} to apply; {disruption}"


def rollback(seen: Observation, release: Release | None, policy: Policy, config: str) -> Plan:
    """Back to the slot that served before, or to the named release.

    A warm slot of the wanted release is probed and switched to; without one the build is launched again. The
    schema is never moved back. Raises :class:`GreenroomError` (exit 3) naming the newest safe release.
    """
    warm = [s for s in seen.warm if release is None or s.release == release.id]
    wanted = warm[-1].release if warm else (release.id if release else None)
    if wanted is None:
        raise refused(
            "nothing-warm",
            "no slot that served before is still warm",
            "name a release: greenroom releases, then greenroom rollback RELEASE",
        )
    answer = seen.may_serve(wanted)
    if not answer.ok:
        raise refused(
            "schema-ahead",
            f"release {wanted} may not serve: {answer.because}",
            newest_safe_hint(seen, besides=seen.live_slot.release if seen.live_slot else None),
        )
    if warm:
        return Plan(
            seen.environment, back_to(warm[-1].id, seen.live, policy), wanted, f"back to slot {warm[-1].id}"
        )
    assert release is not None
    if seen.live_slot is not None and seen.live_slot.release == wanted:
        raise refused(
            "serves-already", f"release {wanted} serves already", "greenroom releases lists the others"
        )
    return _relaunch(seen, release, policy, config)


def back_to(slot: str, live: str | None, policy: Policy) -> tuple[Step, ...]:
    """Switch to a slot that runs already; the one left stays warm in its turn."""
    return (Probe(slot), Switch(slot, live, warm=policy.keep_warm), Confirm(slot))


def _relaunch(seen: Observation, release: Release, policy: Policy, config: str) -> Plan:
    slot = slot_id(release.id, seen.next_number, seen.environment)
    wanted = Wanted(release, config, fresh=True)
    steps = (*clearing(seen), StageRelease(release.id), *_blue_green(seen, wanted, policy, slot, ()))
    kept = tuple(s for s in steps if not isinstance(s, Watch))
    return Plan(seen.environment, kept, release.id, f"launch release {release.id} again and switch to it")


def retreat(seen: Observation, bad: str) -> Plan:
    """Away from a slot that turned out worse, back to the one it replaced.

    The bad slot is drained and retired, not kept. Raises :class:`GreenroomError` (exit 5) when the old slot is
    gone or may not serve on the schema any more.
    """
    slot = seen.slot(bad)
    previous = seen.slot(slot.previous) if slot else None
    if previous is None or previous.id not in seen.up:
        raise _cannot_retreat(bad, "the slot it replaced does not run any more")
    answer = seen.may_serve(previous.release)
    if not answer.ok:
        raise _cannot_retreat(bad, f"release {previous.release} may not serve: {answer.because}")
    steps = (
        Probe(previous.id),
        Switch(previous.id, bad, warm=0.0),
        Confirm(previous.id),
        Workers(previous.id),
        Drain(bad),
        Retire(bad),
    )
    return Plan(seen.environment, steps, previous.release, f"return from {bad} to {previous.id}")


def _cannot_retreat(bad: str, why: str) -> GreenroomError:
    return GreenroomError(
        "cannot-return",
        f"slot {bad} is worse than before, and there is no way back: {why}",
        "look at greenroom logs, then fix forward: greenroom deploy",
        Exit.UNSAFE,
    )
