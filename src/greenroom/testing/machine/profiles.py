"""What may happen to a simulated machine, and how often."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Profile:
    """What happens to the machine, as chances per turn; ``serving``: what serves is killed too.

    ``sharp`` is a chance per changing operation: it is the last one of its process, or of the whole machine.
    """

    name: str
    kill: float = 0.0
    serving: bool = False
    interrupt: float = 0.0
    power: float = 0.0
    clock: float = 0.0
    full: float = 0.0
    lossy: float = 0.0
    sharp: float = 0.0
    both: float = 0.3


PROFILES = (
    Profile("calm"),
    Profile("killed commands", kill=0.002, sharp=0.004),
    Profile("interrupted", kill=0.001, interrupt=0.004),
    Profile("racing", kill=0.001, both=0.9),
    Profile("power cuts", kill=0.001, power=0.0005, sharp=0.006),
    Profile("everything dies", kill=0.003, serving=True),
    Profile("clock jumps", kill=0.001, clock=0.003),
    Profile("lost answers", kill=0.001, lossy=0.03),
    Profile("disk full", kill=0.001, full=0.0015),
)
