"""What a load needs, by the figures of a proof."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from greenroom.domain.budget import Budget, connection_budget
from greenroom.domain.capacity import Expected, Goal, Shape, Work, advised, expected, needed, notes
from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.roles import Role, web_of
from greenroom.ports import Entry
from greenroom.services.target import Target


@dataclass(frozen=True, slots=True)
class Capacity:
    """The answer. ``run``: the entry of the ledger that it stands on; ``many_pods``: on a cluster; ``least`` reaches the goal by the
    model, ``to_set`` is that or what there is ``now``, whichever is more; ``connections`` of one process ``now`` and ``to_set``."""

    run: int
    work: Work
    goal: Goal
    many_pods: bool
    now: Shape
    least: Shape
    to_set: Shape
    at_goal: Expected
    connections: tuple[int, int]
    budget: Budget
    notes: tuple[str, ...]

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines of greenroom.toml to change; none: it is enough as it is."""
        web = [
            f"{key} = {new}"
            for key, old, new in (
                ("processes", self.now.processes, self.to_set.processes),
                ("threads", self.now.threads, self.to_set.threads),
                ("connections", *self.connections),
            )
            if old != new
        ]
        parts = {
            "[kubernetes]": [f"replicas = {self.to_set.pods}"] if self.to_set.pods != self.now.pods else [],
            "[roles.web]": web,
            "[database]": [] if self.budget.ok else [f"max_connections = {self.budget.needed}"],
        }
        return tuple(line for head, some in parts.items() if some for line in (head, *some))

    def to_json(self) -> dict[str, Any]:
        """For ``--json``."""
        expects = {
            name: value if math.isfinite(value) else None for name, value in asdict(self.at_goal).items()
        }
        return {
            "run": self.run,
            "measured": {**self.work.to_json(), "rate": round(self.work.rate, 1)},
            "goal": {**asdict(self.goal), "whole": self.goal.whole},
            "now": {**asdict(self.now), "connections": self.connections[0]},
            "needed": asdict(self.least),
            "to_set": {**asdict(self.to_set), "connections": self.connections[1]},
            "expected": expects,
            "database": {
                "needed": self.budget.needed,
                "allowed": self.budget.allowed,
                "enough": self.budget.ok,
                "text": self.budget.text,
            },
            "notes": list(self.notes),
            "lines": list(self.lines),
        }


def capacity(target: Target, replicas: int | None, goal: Goal, run: int | None = None) -> Capacity:
    """By the newest proof, or the ledger's entry ``run``. ``replicas``: pods of the environment now; None: it runs on one machine.

    Raises (exit 2) when there is no such proof; when it did not measure what is needed; when nothing reaches the goal (exit 1).
    """
    entry = _entry(target.doors.ledger.entries(target.environment, "proved"), run)
    work = _work(entry)
    web = web_of(target.roles)
    now = Shape(replicas or 1, web.processes, web.threads)
    least = needed(work, goal, now, replicas is not None)
    if least is None:
        slow = needed(work, replace(goal, p99_ms=None), now, replicas is not None) is not None
        raise _too_slow(work, goal) if slow else _too_much(work, goal, replicas is not None)
    to_set = advised(least, now)
    connections = max(web.connections, least.threads) if web.connections else 0
    return Capacity(
        run=entry.seq,
        work=work,
        goal=goal,
        many_pods=replicas is not None,
        now=now,
        least=least,
        to_set=to_set,
        at_goal=expected(work, goal.rate, to_set),
        connections=(web.connections, connections),
        budget=_budget(target, web, to_set, connections),
        notes=notes(work, goal, to_set),
    )


def _budget(target: Target, web: Role, shape: Shape, connections: int) -> Budget:
    """Of all pods: a slot's web processes are those of each of them."""
    grown = replace(web, processes=shape.total, connections=connections)
    return connection_budget([grown if r is web else r for r in target.roles], target.limits)


def _entry(proofs: Sequence[Entry], run: int | None) -> Entry:
    found = [e for e in proofs if run is None or e.seq == run]
    if found:
        return found[-1]
    if run is None or not proofs:
        raise GreenroomError("no-proof", "there is no proof to reckon by", "greenroom prove", Exit.USAGE)
    there = ", ".join(str(e.seq) for e in proofs[-10:])
    raise GreenroomError("no-proof", f"there is no proof {run}", f"there is: {there}", Exit.USAGE)


def _work(entry: Entry) -> Work:
    """Raises (exit 2) when the run has not measured what a request costs."""
    try:
        return Work.from_json(entry.data["work"])
    except (KeyError, TypeError) as error:
        raise GreenroomError(
            "not-measured",
            f"proof {entry.seq} did not measure what a request costs: it is older than that figure, or the live slot is",
            "greenroom restart, then greenroom prove",
            Exit.USAGE,
        ) from error


def _too_slow(work: Work, goal: Goal) -> GreenroomError:
    """The load could be carried, but not as quickly."""
    alone = f"the app alone takes {work.p995_ms:.0f} ms (p99.5 of its pages, measured)"
    return GreenroomError(
        "out-of-reach",
        f"{alone}, and what is waited at {goal.whole:.0f} requests/s brings p99 above {goal.p99_ms:g} ms, whatever is set",
        "make its pages faster, or ask for another --p99",
    )


def _too_much(work: Work, goal: Goal, many_pods: bool) -> GreenroomError:
    cores = goal.whole * work.cpu_ms / 1000
    where, cure = f"; it has {work.cores:g}", "a machine with more cores, or a cluster"
    return GreenroomError(
        "out-of-reach",
        f"{goal.whole:.0f} requests/s keep {cores:.1f} cores busy with the app alone{'' if many_pods else where}",
        "make its pages cheaper" if many_pods else cure,
    )
