"""What a proof measured, and whether every promise was kept."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from greenroom.domain.capacity import Work
from greenroom.domain.fault import Victim
from greenroom.domain.tally import Cause, Phase, Record, Tally
from greenroom.domain.timeline import SwitchFigure, Timeline


@dataclass(frozen=True, slots=True)
class Chapter:
    """One phase as it went: ``kept`` says whether it came out as promised, ``told`` how, in one line."""

    name: str
    start_s: float
    end_s: float
    kept: bool
    told: str

    @property
    def phase(self) -> Phase:
        """Its stretch of time."""
        return Phase(self.name, self.start_s, self.end_s)


@dataclass(frozen=True, slots=True)
class Kill:
    """A kill under load: frozen after ``before_s``, dead by ``dead_s``, everything answered by ``well_s``."""

    victim: Victim
    connections: int
    before_s: float
    dead_s: float
    well_s: float

    def cut(self, record: Record) -> bool:
        """Was this loss in flight when the part died? Then it may be the kill's; a refused one never is."""
        within = record.start_s <= self.dead_s and record.end_s >= self.before_s
        return record.lost and within and record.cause is not Cause.REFUSED

    def affords(self, lost: Sequence[Record]) -> bool:
        """May it cost these? An app what it had open; an edge all in flight."""
        if self.victim is Victim.EDGE:
            return True
        return len(lost) <= (self.connections if self.victim is Victim.APP else 0)


@dataclass(slots=True)
class Proof:
    """``deploy_seconds``: up to the confirmation, without launch to ready (``probe_seconds``) and without drains.

    ``cut_by_kills`` of the tally's losses were in flight on a part when it was killed, and within what it may cost.
    ``work``: what a request costs the app; None: not measured. ``across``: long requests that were answered although a switch fell into their time. ``before``: the figures of
    the proof before this one, as the ledger has them.
    """

    tally: Tally = field(default_factory=Tally)
    chapters: list[Chapter] = field(default_factory=list)
    kills: list[Kill] = field(default_factory=list)
    switches: tuple[SwitchFigure, ...] = ()
    timeline: Timeline | None = None
    cut_by_kills: int = 0
    across: int = 0
    seconds: float = 0.0
    interrupted: bool = False
    deploys: int = 0
    migrations: int = 0
    cut: int = 0
    switch_ms: list[float] = field(default_factory=list)
    commit_ms: list[float] = field(default_factory=list)
    rollback_seconds: float | None = None
    deploy_seconds: list[float] = field(default_factory=list)
    probe_seconds: list[float] = field(default_factory=list)
    step_seconds: dict[str, list[float]] = field(default_factory=dict)
    before: dict[str, Any] | None = None
    work: Work | None = None

    @property
    def unexplained(self) -> int:
        """Losses that no kill accounts for."""
        return self.tally.lost - self.cut_by_kills

    @property
    def broken(self) -> tuple[Chapter, ...]:
        """Phases that did not come out as promised."""
        return tuple(c for c in self.chapters if not c.kept)

    @property
    def kept(self) -> bool:
        """Was every promise kept?"""
        return not self.unexplained and not self.broken

    def to_json(self) -> dict[str, Any]:
        """The figures: bounded in size, for the ledger too."""
        t = self.tally
        return {
            "requests": t.requests,
            "lost": t.lost,
            "cut_by_kills": self.cut_by_kills,
            "app_errors": t.app_errors,
            "repeated": t.repeated,
            "unfinished": t.unfinished,
            "seconds": round(self.seconds, 1),
            "deploys": self.deploys,
            "migrations": self.migrations,
            "cut": self.cut,
            "across": self.across,
            "switch_ms": _median(self.switch_ms),
            "commit_ms": _median(self.commit_ms),
            "first_answer_ms": _median([s.first_answer_ms for s in self.switches if s.first_answer_ms]),
            "after_switch_p99_ms": self._after_switch(),
            "rollback_s": None if self.rollback_seconds is None else round(self.rollback_seconds, 3),
            "deploy_s": _median(self.deploy_seconds),
            "probe_s": _median(self.probe_seconds),
            "steps_s": {kind: _median(times) for kind, times in self.step_seconds.items()},
            "latency_ms": {"p50": round(t.p50_ms, 2), "p99": round(t.p99_ms, 2), "max": round(t.max_ms, 2)},
            "by_kind": dict(t.by_kind),
            "by_cause": dict(Counter(loss.cause.value for loss in t.losses)),
            "broken": [c.name for c in self.broken][:10],
            "work": self.work.to_json() if self.work else None,
        }

    def whole(self) -> dict[str, Any]:
        """For ``--json``: the figures, each phase, kill, switch and loss, and the proof before this one."""
        return {
            **self.to_json(),
            "kept": self.kept,
            "notes": list(self.tally.notes),
            "phases": [asdict(c) for c in self.chapters],
            "kills": [asdict(k) for k in self.kills],
            "switches": [asdict(s) for s in self.switches],
            "losses": [asdict(loss) for loss in self.tally.losses],
            "before": self.before,
        }

    def _after_switch(self) -> dict[str, float | None]:
        p99s = [s.p99_ms for s in self.switches if s.p99_ms is not None]
        return {"median": _median(p99s), "worst": round(max(p99s), 2) if p99s else None}


def _median(values: Sequence[float]) -> float | None:
    return round(statistics.median(values), 3) if values else None
