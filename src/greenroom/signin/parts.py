"""What the service is made of, put together once."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

from greenroom.drivers.system.clock import SystemClock
from greenroom.ports import Clock
from greenroom.signin.memory import Memory
from greenroom.signin.oidc import Provider
from greenroom.signin.settings import CLIENT_SECRET, Known, Settings
from greenroom.signin.waking import Waking

CALLBACK = "/.greenroom/callback"


@dataclass
class Parts:
    """One service."""

    settings: Settings
    memory: Memory
    waking: Waking
    clock: Clock
    _provider: Provider | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def provider(self, known: Known) -> Provider | None:
        """The provider that is configured now; None without one."""
        sign_in = known.door.sign_in
        if not sign_in.issuer:
            return None
        callback = known.door.url(sign_in.host) + CALLBACK
        secret = known.secrets.get(CLIENT_SECRET, "")
        with self._lock:
            if self._provider is None or self._provider.made_from != (sign_in, secret, callback):
                self._provider = Provider(sign_in, secret, callback, self.clock)
            return self._provider


def assemble(state: Path) -> Parts:
    """``state``: the state folder under its short path."""
    clock = SystemClock()
    memory = Memory(state / "signin" / "memory.sqlite", clock.now)
    return Parts(Settings(state), memory, Waking(state, clock), clock)
