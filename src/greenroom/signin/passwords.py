"""Names and passwords: slow to guess, and no telling who exists."""

from __future__ import annotations

import ipaddress
from threading import BoundedSemaphore

from werkzeug.security import check_password_hash, generate_password_hash

from greenroom.signin.memory import Memory
from greenroom.signin.settings import Known

WINDOW_SECONDS = 300.0
MOST_TOGETHER = 5
"""Failures of one user from one address within the window; then neither is asked until it is over."""
MOST_ADDRESS = 20
MOST_USER = 100
"""Failures of one user from everywhere: high, or strangers could lock people out."""

_HASHING = BoundedSemaphore(2)
"""A hash takes 32 MiB and tens of milliseconds on purpose: only so many at a time."""

_NOBODY = generate_password_hash("nobody has this password", "scrypt")


class Throttled(Exception):
    """Too many failures; ask again after ``seconds``."""

    def __init__(self, seconds: float) -> None:
        super().__init__("too many attempts")
        self.seconds = seconds


def check(known: Known, memory: Memory, user: str, password: str, address: str) -> bool:
    """Is this the user's password? Raises :class:`Throttled`."""
    counted = _counted(user, address)
    if any(memory.failures(key, WINDOW_SECONDS) >= most for key, most in counted.items()):
        raise Throttled(WINDOW_SECONDS)
    # Counted first, forgiven afterwards: attempts at the same moment must not all slip through.
    memory.failed(*counted)
    kept = known.password(user)
    with _HASHING:
        right = check_password_hash(kept or _NOBODY, password)
    if not right or kept is None:
        return False
    together, place, everywhere = counted
    memory.forgive(together, everywhere)
    # Only this attempt: somebody with a password of their own must not be able to guess on for ever.
    memory.undo(place)
    return True


def _counted(user: str, address: str) -> dict[str, int]:
    """How many failures are too many, for the two together, for the address, for the user."""
    place = _place(address)
    return {f"{user}@{place}": MOST_TOGETHER, f"@{place}": MOST_ADDRESS, f"{user}@": MOST_USER}


def _place(address: str) -> str:
    """An address; of IPv6 the network that one customer has."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network(f"{found}/64", strict=False))
    return str(found)
