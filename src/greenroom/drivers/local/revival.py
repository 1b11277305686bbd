"""The supervisor's word that it is on duty: whoever finds the word and not the supervisor may start it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from greenroom.domain.errors import GreenroomError
from greenroom.drivers.system.files import read_json, write_json
from greenroom.drivers.system.machine import Disk
from greenroom.drivers.system.proc import Pid
from greenroom.drivers.system.shape import shaped

KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "USER", "LOGNAME", "SSL_CERT_FILE")
"""What of the environment is kept for the next supervisor, besides ``XDG_*``: nothing secret of a shell's."""


@dataclass(frozen=True, slots=True)
class Duty:
    """Who supervises (``supervisor.json``), and how it was started."""

    version: str
    pid: Pid
    argv: tuple[str, ...]
    env: dict[str, str]


def begin(root: Path, duty: Duty, disk: Disk) -> None:
    """Give the word; the caller holds the supervisor's lock."""
    write_json(_file(root), asdict(duty), disk=disk)


def end(root: Path, disk: Disk) -> None:
    """Take it back, before the lock is given back: what ends in order is not to be started again."""
    disk.remove(_file(root))


def left_behind(root: Path, disk: Disk, identify: Callable[[int], Pid | None]) -> Duty | None:
    """The duty of a supervisor that was killed; None when it lives, ended in order, or never was."""
    try:
        data = read_json(_file(root), disk)
        duty = None if data is None else shaped(Duty, data, _file(root))
    except GreenroomError:  # of another Greenroom, or damaged: the next command starts one
        return None
    return duty if duty is not None and identify(duty.pid.pid) != duty.pid else None


def kept(environment: Mapping[str, str]) -> dict[str, str]:
    """What the next supervisor gets of an environment."""
    return {k: v for k, v in environment.items() if k in KEPT or k.startswith("XDG_")}


def _file(root: Path) -> Path:
    return root / "supervisor.json"
