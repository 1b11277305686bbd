"""A seeded machine in memory: clock, disk, processes, locks, sockets, an edge with visitors, a database server.

The local target's own doors and its supervisor run on it unchanged (:mod:`greenroom.drivers.system.machine` is the seam).
Each of its operations can be the last one of a process, or of the whole machine; what was not synced may then be lost.
Everything follows from the seed, so a failing run can be replayed.
"""

from greenroom.testing.machine.simulation import Simulation, Violation

__all__ = ["Simulation", "Violation"]
