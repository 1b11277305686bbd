"""The figures that decide: all of them can be set in ``greenroom.toml``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Worse:
    """When is a new release worse than the old one?

    ``min_requests``: below it, the edge's record proves nothing and own probes decide.
    ``error_points``: percentage points by which the error share may grow.
    ``p95_factor`` and ``p95_floor_ms``: worse when p95 exceeds both the factor and the floor.
    """

    min_requests: int = 20
    error_points: float = 2.0
    p95_factor: float = 3.0
    p95_floor_ms: float = 500.0


@dataclass(frozen=True, slots=True)
class Policy:
    """How an environment is released; every duration in seconds.

    ``probe_path`` is asked on the slot itself; ``probe_good`` good answers in a row make it ready within
    ``probe_timeout``. ``watch`` is the time the command stays after the switch, ``keep_warm`` how long the
    old slot stays ready to serve again, ``drain_timeout`` how long its last requests may take.
    ``keep_releases`` good releases are kept on disk, whatever their age. ``liveness_path`` says whether a process is
    alive. A new slot is cold when its pages take more than ``cold_factor`` times the live slot's p95 and more than
    ``cold_floor_ms`` milliseconds; that is told, never a reason to refuse.
    """

    probe_path: str = "/readyz"
    probe_good: int = 2
    probe_timeout: float = 60.0
    watch: float = 15.0
    keep_warm: float = 600.0
    drain_timeout: float = 40.0
    keep_releases: int = 5
    liveness_path: str = "/healthz"
    cold_factor: float = 3.0
    cold_floor_ms: float = 1000.0
    worse: Worse = Worse()
