"""The switch by an HTTPRoute: its weights lead to one of two Services that never change."""

from __future__ import annotations

from greenroom.domain.stage import Mode
from greenroom.drivers.kubernetes.api import Json
from greenroom.drivers.kubernetes.names import COLORS, NOBODY
from greenroom.drivers.kubernetes.service import Live, LiveService

PORT = 80
WHOLE = 100


class LiveRoute(LiveService):
    """Like :class:`LiveService`, whose Service is what the route leads to while no colour has any weight: before the first
    release, and while the public side is closed.

    Where a colour has weight, the route alone says what the public reaches, and the Service follows. So every change of
    what is true is one request, whatever comes of the one after it.
    """

    def read(self, environment: str) -> Live:
        color = self._weighted(environment)
        if color is None:
            return super().read(environment)
        return Live(color, color, there=True)

    def select(self, environment: str, color: str) -> bool:
        if color in COLORS:
            return self._lead(environment, color) and super().select(environment, color)
        return super().select(environment, color) and self._lead(environment, None)

    def doze(self, environment: str, color: str) -> bool:
        return super().doze(environment, color) and self._lead(environment, None)

    def cover(self, environment: str, color: str) -> bool:
        """Weights need no time in which both are covered."""
        return self.select(environment, color)

    def note(self, environment: str, live: str, mode: Mode, window: bool) -> bool:
        if mode is Mode.OPEN and live in COLORS:
            return self._lead(environment, live) and super().note(environment, live, mode, window)
        return super().note(environment, live, mode, window) and self._lead(environment, None)

    def _weighted(self, environment: str) -> str | None:
        """The colour with the most weight; None where the route leads to the live Service, or is not there."""
        found = self._api.get(self._route(environment)) or {}
        rules = (found.get("spec") or {}).get("rules") or [{}]
        weights = {b["name"]: int(b.get("weight", 1)) for b in rules[0].get("backendRefs") or ()}
        colors = {c: weights.get(f"{self._names.release(environment)}-{c}", 0) for c in COLORS}
        best = max(colors, key=lambda c: colors[c])
        return best if colors[best] else None

    def _lead(self, environment: str, color: str | None) -> bool:
        name = self._names.release(environment)
        weights = {f"{name}-{c}": WHOLE * (c == color) for c in COLORS} if color else {name: 1}
        backends = [{"name": n, "port": PORT, "weight": w} for n, w in weights.items()]
        body: Json = {"spec": {"rules": [{"backendRefs": backends}]}}
        done = self._api.patch(self._route(environment), body) is not None
        return done or color is None or color == NOBODY

    def _route(self, environment: str) -> str:
        return self._names.at(environment, "httproutes", self._names.release(environment))
