"""Records of environments: one file each."""

from __future__ import annotations

import re
from dataclasses import asdict, replace

from greenroom.domain.environment import TargetKind
from greenroom.domain.record import Record
from greenroom.drivers.local.layout import Layout
from greenroom.drivers.system.files import private_folder, read_json, write_json
from greenroom.drivers.system.machine import Disk
from greenroom.drivers.system.shape import shaped

_NAME = re.compile(r"[a-z][a-z0-9-]*")


class LocalRecords:
    """See :class:`greenroom.ports.environments.Records`: ``environments/<name>.json``."""

    def __init__(self, layout: Layout, disk: Disk) -> None:
        self._folder = layout.root / "environments"
        self._disk = disk

    def all(self) -> tuple[Record, ...]:
        names = sorted(n.removesuffix(".json") for n in self._disk.names(self._folder) if n.endswith(".json"))
        return tuple(r for name in names if not name.startswith(".") and (r := self.get(name)) is not None)

    def get(self, name: str) -> Record | None:
        if not _NAME.fullmatch(name):
            return None  # no environment is called that, and no path is made of it
        file = self._folder / f"{name}.json"
        data = read_json(file, self._disk)
        if data is None:
            return None
        record = shaped(Record, data, file)
        return replace(record, target=record.target or TargetKind.LOCAL)

    def put(self, record: Record) -> None:
        private_folder(self._folder, self._disk)
        write_json(self._folder / f"{record.name}.json", asdict(record), disk=self._disk)

    def drop(self, name: str) -> None:
        if self._disk.is_folder(self._folder):
            self._disk.remove(self._folder / f"{name}.json")
            self._disk.sync_folder(self._folder)
