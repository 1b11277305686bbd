"""A value that does not print itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Secret:
    """Wraps a secret text; only :meth:`reveal` gives it back, every other rendering is ``***``."""

    _value: str

    def reveal(self) -> str:
        """Return the secret itself, for the one place that hands it to a process or a server."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return "***"
