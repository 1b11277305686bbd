"""Greenroom's own server layer: the packages that serve the app, whatever the app itself asks for."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

from greenroom.drivers.builds.requirements import Entry, parse


@dataclass(frozen=True, slots=True)
class ServerLayer:
    """``requirements`` are exact pins such as ``gunicorn==27.0.1``; ``digest`` names this version of the layer
    (pins, server configuration and whatever else changes how a release behaves)."""

    requirements: tuple[str, ...]
    digest: str

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The pins with the hashes that Greenroom carries for them, where it does."""
        known = {entry.pin: entry for entry in _packaged()}
        return tuple(known.get(pin.strip(), parse(pin)[0]) for pin in self.requirements)


def packaged_requirements() -> tuple[str, ...]:
    """The pins that Greenroom carries with hashes."""
    return tuple(entry.pin for entry in _packaged())


def _packaged() -> list[Entry]:
    text = files("greenroom.drivers.builds").joinpath("server-requirements.txt").read_text("utf-8")
    return parse(text)
