"""Real registries of both generations for tests: Debian's docker-registry 2.8, and distribution 3 where it is built."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from greenroom.domain.registry.settings import Collection
from greenroom.drivers.oci.credentials import Logins
from greenroom.drivers.oci.reference import Reference
from greenroom.drivers.oci.registry import Registry
from greenroom.drivers.oci.shelf import OciShelf
from greenroom.drivers.system.real import this_machine
from greenroom.drivers.system.spawn import plain_environment
from servers import built_program, free_port, short_folder

GENERATIONS = ("2.8", "3")
DAY = os.environ.get("GREENROOM_TEST_DAY") or time.strftime("%F")


def _program(generation: str) -> Path | None:
    """The registry's program, where there is one."""
    if generation == "3":
        return built_program("registry")
    found = shutil.which("docker-registry")
    return Path(found) if found else None


def _todays() -> tuple[str, ...]:
    """Both where every step is gone through, else one of those that are there, another one from day to day."""
    if os.environ.get("GREENROOM_EVERY_STEP"):
        return GENERATIONS
    there = [generation for generation in GENERATIONS if _program(generation)] or GENERATIONS
    return (random.Random(DAY).choice(there),)


TODAYS = _todays()

START = """\
cd {folder}
OTEL_TRACES_EXPORTER=none setsid {program} serve config.yml >>log 2>&1 </dev/null &
echo $! >{folder}/pid
"""
STOP = "kill $(cat {folder}/pid); while kill -0 $(cat {folder}/pid) 2>/dev/null; do sleep 0.05; done\n"
CONFIG = """\
version: 0.1
log: {{level: error}}
storage:
  filesystem: {{rootdirectory: {folder}/data}}
  cache: {{blobdescriptor: inmemory}}
  delete: {{enabled: {delete}}}
  maintenance: {{readonly: {{enabled: {readonly}}}, uploadpurging: {{enabled: false}}}}
http: {{addr: {host}}}
"""


@dataclass(frozen=True, slots=True)
class RealRegistry:
    """One of them: ``host`` with its port; everything of it lies in ``folder``."""

    program: Path
    folder: Path
    host: str

    @property
    def data(self) -> Path:
        return self.folder / "data" / "docker" / "registry" / "v2"

    @property
    def collection(self) -> Collection:
        """As greenroom.toml says it."""
        collect = (str(self.program), "garbage-collect", "-m", str(self.folder / "config.yml"))
        stop, start = (("sh", str(self.folder / name)) for name in ("stop.sh", "start.sh"))
        return Collection(collect, stop, start, str(self.folder / "data"))

    def client(self, path: str) -> Registry:
        return Registry(Reference(self.host, path), Logins({}), insecure=True)

    def shelf(self, path: str) -> OciShelf:
        return OciShelf(self.client(path), path)

    def configure(self, delete: bool = True, readonly: bool = False) -> None:
        told = {"delete": str(delete).lower(), "readonly": str(readonly).lower()}
        (self.folder / "config.yml").write_text(CONFIG.format(folder=self.folder, host=self.host, **told))

    def start(self) -> None:
        subprocess.run(["sh", str(self.folder / "start.sh")], env=plain_environment(), check=True)
        clock = this_machine().clock
        until = clock.monotonic() + 60
        while not this_machine().net.listens(f"tcp:{self.host.rpartition(':')[2]}"):
            assert clock.monotonic() < until, (self.folder / "log").read_text()
            clock.sleep(0.02)

    def stop(self) -> None:
        subprocess.run(["sh", str(self.folder / "stop.sh")], check=True)

    def blobs(self) -> dict[str, int]:
        """Bytes of every blob on disk, by digest."""
        return {f"sha256:{p.parent.name}": p.stat().st_size for p in self.data.glob("blobs/sha256/*/*/data")}

    def lose(self, digest: str) -> None:
        """The bytes of a blob are gone, as on a disk that was damaged."""
        hex = digest.partition(":")[2]
        shutil.rmtree(self.data / "blobs" / "sha256" / hex[:2] / hex)


def program_of(generation: str) -> Path:
    """The registry's program; skips the test where there is none."""
    found = _program(generation)
    if found is None:
        wanted = (
            "docker-registry (Debian: apt install docker-registry)"
            if generation == "2.8"
            else "registry of distribution 3 (with Go: scripts/go-program registry)"
        )
        pytest.skip(f"there is no {wanted}")
    return found


@contextmanager
def real_registry(generation: str, delete: bool = True, readonly: bool = False) -> Iterator[RealRegistry]:
    """An empty one that runs."""
    program = program_of(generation)
    with short_folder() as folder:
        made = RealRegistry(program, folder, f"127.0.0.1:{free_port()}")
        (folder / "start.sh").write_text(START.format(folder=folder, program=program))
        (folder / "stop.sh").write_text(STOP.format(folder=folder))
        made.configure(delete, readonly)
        made.start()
        try:
            yield made
        finally:
            pid = int((folder / "pid").read_text())
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
