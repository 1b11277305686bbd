"""The file with what is remembered of a registry."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from greenroom.domain.errors import GreenroomError
from greenroom.domain.registry.memory import Remembered
from greenroom.drivers.system.files import read_json, write_json


class RegistryMemory:
    """See :class:`greenroom.ports.registry.Memory`."""

    def __init__(self, file: Path, say: Callable[[str], None]) -> None:
        self._file, self._say = file, say

    def read(self) -> Remembered:
        try:
            data = read_json(self._file)
            return Remembered.from_json(data) if data is not None else Remembered()
        except (GreenroomError, KeyError, TypeError, ValueError, AttributeError):
            self._say(f"{self._file} is damaged: every tag counts as first seen now")
            return Remembered()

    def write(self, remembered: Remembered) -> None:
        write_json(self._file, remembered.to_json(), 0o644)
