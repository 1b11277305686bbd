"""What can be seen of an app, its release's folder and its certificate: facts, no judgement."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pool:
    """A pool of database connections in one process. ``most`` it may open; None: without a limit."""

    where: str
    most: int | None


@dataclass(frozen=True, slots=True)
class About:
    """What one worker process says of the app.

    ``memory`` names what it keeps in the memory of this process alone although all should share it.
    """

    pools: tuple[Pool, ...] = ()
    memory: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Carry:
    """Is what one process signs accepted by the others? None: the app signs no such thing, or nobody could be asked.

    ``within``: among the slot's own processes; ``within_live``: among those of the live slot; ``onward``: what the
    live slot signs, by the other one; ``back``: what the other one signs, by the live slot.
    """

    within: bool | None = None
    within_live: bool | None = None
    onward: bool | None = None
    back: bool | None = None


@dataclass(frozen=True, slots=True)
class Continuity:
    """Session cookies, and the tokens of forms (Flask-WTF)."""

    sessions: Carry = Carry()
    csrf: Carry = Carry()


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a slot answers the app's pages; milliseconds.

    ``first_ms``: the first answer of the quickest of its processes, to the page for which that took longest. ``p95_ms``: of the answers
    after that. ``live_p95_ms``: of the live slot's to the same pages in the same moments; None: there is none, or
    nothing was slow enough to compare.
    """

    first_ms: float
    first_page: str
    p95_ms: float
    live_p95_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """What one worker process has counted since it began.

    ``requests`` of the app and the seconds ``busy_s`` that threads spent in it; ``cpu_s`` of the whole process, and ``delay_s`` for which
    its threads waited for a core (0: the kernel does not count it); ``cores`` it may use.
    """

    worker: str
    requests: int
    busy_s: float
    cpu_s: float
    delay_s: float
    cores: float


@dataclass(frozen=True, slots=True)
class Strays:
    """How a release's folder differs from what the builder wrote: paths relative to it, sorted."""

    appeared: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    vanished: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Certificate:
    """The certificate that the edge serves for ``host``. Moments in seconds since the epoch.

    ``trouble``: why a client would refuse it (empty: it would not); ``same``: is it the one on disk (None: there is
    none on disk)?
    """

    host: str
    trouble: str = ""
    same: bool | None = None
    begins: float = 0.0
    ends: float = 0.0


@dataclass(frozen=True, slots=True)
class Outside:
    """What somebody gets who has not signed in. ``private``: should that be nothing?

    ``passed``: addresses of the app that answered instead of asking for a sign-in; ``stopped``: those that asked for
    one. ``readable``: how an upload could be read in the store without the environment's own key. ``hidden``: search
    engines are told to keep out. ``exempt``: this machine needs no sign-in, so nothing can be told from here.
    """

    private: bool
    passed: tuple[str, ...] = ()
    stopped: tuple[str, ...] = ()
    readable: tuple[str, ...] = ()
    hidden: bool = False
    exempt: bool = False
