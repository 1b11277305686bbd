"""The load of ``greenroom prove``: clients on raw sockets that never retry and record every request.

Here may live what opens connections, speaks HTTP/1.1 and HTTP/2, and decides how one request ended. What the records add
up to is decided in ``greenroom.domain.tally``.
"""

from greenroom.drivers.load.load import Load, LoadError
from greenroom.drivers.load.mix import EVERY, Address, Clients, Mix

__all__ = ["EVERY", "Address", "Clients", "Load", "LoadError", "Mix"]
