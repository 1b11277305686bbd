"""The live Service: which colour the public reaches, and Greenroom's notes on it, read and changed as one object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from greenroom.domain.stage import Mode
from greenroom.drivers.kubernetes.api import Api, Json
from greenroom.drivers.kubernetes.names import COLOR, NOBODY, PREFIX, Names

MODE, WINDOW, BEHIND = f"{PREFIX}mode", f"{PREFIX}window", f"{PREFIX}behind"
ASLEEP = f"{PREFIX}asleep"
TOWARDS = f"{PREFIX}towards"
"""While both colours are covered: the one that is left when that ends."""

_NOTHING: dict[str, str | None] = dict.fromkeys((MODE, WINDOW, BEHIND, TOWARDS))

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
    asleep: bool = False


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
        mode, asleep = Mode(notes.get(MODE, Mode.OPEN)), notes.get(ASLEEP) == "true"
        return Live(color, selected, mode, notes.get(WINDOW) == "true", True, asleep)

    def select(self, environment: str, color: str) -> bool:
        """Let it reach a colour, open; False when there is no such Service."""
        return self._patch(environment, color, {**_NOTHING, ASLEEP: None})

    def doze(self, environment: str, color: str) -> bool:
        """No slot is live any more; what is reached meanwhile is nobody, or the pod of a page."""
        return self._patch(environment, color, {**_NOTHING, ASLEEP: "true"})

    def cover(self, environment: str, color: str) -> bool:
        """Let it reach the pods of both colours, on the way to one of them; False when there is no such Service."""
        return self._patch(environment, None, {**_NOTHING, TOWARDS: color, ASLEEP: None})

    def note(self, environment: str, live: str, mode: Mode, window: bool) -> bool:
        """Close it or open it again: what is live stays so behind it."""
        selected, said = (live, None) if mode is Mode.OPEN else (MAINTENANCE, str(mode))
        notes = {MODE: said, WINDOW: "true" if window else None, BEHIND: live}
        return self._patch(environment, selected, {**_NOTHING, **notes})

    def _patch(self, environment: str, color: str | None, notes: Mapping[str, str | None]) -> bool:
        body: Json = {"metadata": {"annotations": dict(notes)}, "spec": {"selector": {COLOR: color}}}
        return self._api.patch(self._path(environment), body) is not None

    def _path(self, environment: str) -> str:
        return self._names.at(environment, "services", self._names.release(environment))
