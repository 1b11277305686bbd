"""Every door in memory: public fakes for tests, ``--dry-run`` and simulation.

They keep the same promises as the real doors; ``tests/contract`` runs one suite against both.
"""

from greenroom.drivers.memory.board import MemoryBoard
from greenroom.drivers.memory.doors import MemoryBreaker, memory_doors
from greenroom.drivers.memory.forge import MemoryForge
from greenroom.drivers.memory.keeping import MemoryAnonymiser, MemoryLease, MemoryPlatform, MemoryTemplates
from greenroom.drivers.memory.world import Crash, World

__all__ = [
    "Crash",
    "MemoryAnonymiser",
    "MemoryBoard",
    "MemoryBreaker",
    "MemoryForge",
    "MemoryLease",
    "MemoryPlatform",
    "MemoryTemplates",
    "World",
    "memory_doors",
]
