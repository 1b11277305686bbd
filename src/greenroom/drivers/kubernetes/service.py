"""The live Service: which colour the public reaches, and Greenroom's notes on it, read and changed as one object."""

from __future__ import annotations

from dataclasses import dataclass

from greenroom.domain.stage import Mode
from greenroom.drivers.kubernetes.api import Api, Json
from greenroom.drivers.kubernetes.names import COLOR, NOBODY, PREFIX, Names

MODE, WINDOW, BEHIND = f"{PREFIX}mode", f"{PREFIX}window", f"{PREFIX}behind"
TOWARDS = f"{PREFIX}towards"
"""While both colours are covered: the one that is left when that ends."""

MAINTENANCE = "maintenance"
"""The colour of the pod that stands in front while the public side is closed."""


@dataclass(frozen=True, slots=True)
class Live:
    """``color``: of the slot that is live, whether or not the public reaches it at this moment; NOBODY: none is.
    ``selected``: the colour that is reached."""

    color: str = NOBODY
    selected: str = NOBODY
    mode: Mode = Mode.OPEN
    window: bool = False
    there: bool = False


class LiveService:
    """Reads and patches it. Every change is one request: what is selected and what is noted never differ."""

    def __init__(self, api: Api, names: Names) -> None:
        self._api = api
        self._names = names

    def read(self, environment: str) -> Live:
        """What it selects now."""
        found = self._api.get(self._path(environment))
        if found is None:
            return Live()
        notes = found["metadata"].get("annotations") or {}
        selected = (found["spec"].get("selector") or {}).get(COLOR) or notes.get(TOWARDS, NOBODY)
        color = notes.get(BEHIND, NOBODY) if selected == MAINTENANCE else selected
        return Live(color, selected, Mode(notes.get(MODE, Mode.OPEN)), notes.get(WINDOW) == "true", True)

    def select(self, environment: str, color: str) -> bool:
        """Let it reach a colour, open; False when there is no such Service."""
        return self._patch(environment, color, Mode.OPEN, None, None)

    def cover(self, environment: str, color: str) -> bool:
        """Let it reach the pods of both colours, on the way to one of them; False when there is no such Service."""
        notes = {TOWARDS: color, MODE: None, WINDOW: None, BEHIND: None}
        body: Json = {"metadata": {"annotations": notes}, "spec": {"selector": {COLOR: None}}}
        return self._api.patch(self._path(environment), body) is not None

    def note(self, environment: str, live: str, mode: Mode, window: bool) -> bool:
        """Close it or open it again: what is live stays so behind it."""
        selected = live if mode is Mode.OPEN else MAINTENANCE
        return self._patch(environment, selected, mode, "true" if window else None, live)

    def _patch(
        self, environment: str, color: str, mode: Mode, window: str | None, behind: str | None
    ) -> bool:
        said = None if mode is Mode.OPEN else str(mode)
        notes = {MODE: said, WINDOW: window, BEHIND: behind, TOWARDS: None}
        body: Json = {"metadata": {"annotations": notes}, "spec": {"selector": {COLOR: color}}}
        return self._api.patch(self._path(environment), body) is not None

    def _path(self, environment: str) -> str:
        return self._names.at(environment, "services", self._names.release(environment))
