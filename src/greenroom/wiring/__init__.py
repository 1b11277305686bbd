"""The composition root: the only place where services and drivers meet."""

from greenroom.wiring.project import Wiring

__all__ = ["Wiring"]
