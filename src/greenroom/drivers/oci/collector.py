"""The collector of a distribution registry: ``registry garbage-collect``, and the registry that it must not run beside."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import IO

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.registry.settings import Collection
from greenroom.drivers.oci.registry import Refused, Registry, Unreachable
from greenroom.drivers.system.processes import Completed, run
from greenroom.ports.registry import Answering

COMMAND_SECONDS = 300.0
"""To stop or start it."""

COLLECT_SECONDS = 6 * 3600.0
LINES = 15
"""Of what a program wrote."""

DATABASE = "gitlab-container-registry-database-enabled"
"""GitLab's registry says by this header of ``/v2/`` whether it has a metadata database."""

_AWAY = (502, 503, 504)


class OciCollector:
    """See :class:`greenroom.ports.registry.Collector`. ``registry`` may speak to any repository of it; ``log``: where the program
    writes. That file is locked before, and the lock belongs to whoever has it open: the program and what it starts, whether the
    command that began it lives or not."""

    def __init__(
        self, registry: Registry, settings: Collection, environ: Mapping[str, str], log: Path
    ) -> None:
        self._registry, self._settings, self._environ, self._log = registry, settings, environ, log
        self._storage = Path(settings.storage) / "docker" / "registry" / "v2" if settings.storage else None

    @property
    def stops(self) -> bool:
        return bool(self._settings.stop)

    def repositories(self) -> tuple[str, ...]:
        if self._storage is None:
            return self._registry.catalog()
        folder = self._storage / "repositories"
        found = (Path(place) for place, names, _ in os.walk(folder, onerror=_unseen) if "_manifests" in names)
        return tuple(sorted(str(place.relative_to(folder)) for place in found))

    def by_itself(self) -> str:
        database = self._registry.greeting().get(DATABASE) == "true"
        locked = self._storage and list((self._storage.parent / "lockfiles").glob("database-*"))
        if self._settings.metadata_database or database or locked:
            return (
                "the registry has a metadata database: it frees what has no tag by itself, a day or two later, and"
                " any other collector would take what is tagged"
            )
        return ""

    def check(self) -> None:
        if not self._settings.collect:
            raise GreenroomError(
                "no-collector",
                "nobody has said how the registry collects",
                '[registry] collect = "docker-registry garbage-collect -m /etc/docker/registry/config.yml"',
                Exit.USAGE,
            )
        if not self._settings.start:
            raise GreenroomError(
                "no-start",
                "nobody has said how the registry is started again: it remembers blobs that are gone until it is",
                '[registry] start = "systemctl restart docker-registry"',
                Exit.USAGE,
            )

    def answering(self) -> Answering:
        try:
            return Answering.WRITABLE if self._registry.takes_uploads() else Answering.READ_ONLY
        except Unreachable as error:
            if error.refused:
                return Answering.STOPPED
            raise
        except Refused as error:
            if error.status in _AWAY:
                return Answering.AWAY
            raise

    def stop(self) -> None:
        done = self._run(self._settings.stop, COMMAND_SECONDS)
        if not done.ok:
            raise _failed("registry-stop", "the registry was not stopped", done, Exit.FAILED)

    def start(self) -> None:
        done = self._run(self._settings.start, COMMAND_SECONDS)
        if not done.ok:
            raise _failed("registry-down", "the registry was not started again", done, Exit.UNSAFE)

    def running(self) -> bool:
        with self._held() as log:
            return log is None

    def collect(self) -> str:
        with self._held() as log:
            if log is None:
                raise GreenroomError(
                    "collector-runs", "another collection runs", f"wait for it: {self._log}", Exit.LOCKED
                )
            log.truncate(0)
            done = run(
                self._settings.collect,
                env=self._environ,
                timeout=COLLECT_SECONDS,
                tied=True,
                output=log.fileno(),
            )
            log.seek(0)
            done = replace(done, out=log.read())
        if not done.ok:
            raise _failed("collection", "the collector failed", done, Exit.FAILED)
        return _last(done)

    @contextmanager
    def _held(self) -> Iterator[IO[bytes] | None]:
        """The log, locked; None where somebody else has it."""
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("a+b") as log:
            try:
                fcntl.flock(log, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield None
            else:
                yield log

    def size(self) -> int | None:
        if self._storage is None:
            return None
        return sum(size for _, size in _files(self._storage / "blobs", "data"))

    def changed(self) -> float | None:
        if self._storage is None:
            return None
        return max(
            (path.stat().st_mtime for path, _ in _files(self._storage / "repositories", "link")), default=0.0
        )

    def _run(self, command: Sequence[str], seconds: float) -> Completed:
        return run(command, env=self._environ, timeout=seconds)


def _files(folder: Path, name: str) -> Iterator[tuple[Path, int]]:
    """Files of that name below a folder, with their bytes. Raises (exit 2) when there is no such folder."""
    if not folder.is_dir():
        raise GreenroomError(
            "no-storage",
            f"there is no {folder}",
            "[registry] storage: the registry's rootdirectory",
            Exit.USAGE,
        )
    for place, _, names in os.walk(folder, onerror=_unseen):
        if name in names:
            with suppress(FileNotFoundError):
                path = Path(place) / name
                yield path, path.stat().st_size


def _unseen(error: OSError) -> None:
    """What cannot be read is no empty folder; one that has just gone is."""
    if not isinstance(error, FileNotFoundError):
        raise GreenroomError(
            "no-storage",
            f"{error.filename} cannot be read: {error.strerror}",
            "run it as somebody who may read the registry's rootdirectory",
            Exit.USAGE,
        ) from error


def _failed(code: str, what: str, done: Completed, exit: Exit) -> GreenroomError:
    told = f"{what}: {done.argv[0]} ended with {done.code}"
    return GreenroomError(code, told, "greenroom registry report", exit, _last(done))


def _last(done: Completed) -> str:
    lines = (done.text or done.complaint).splitlines()
    return "\n".join(lines[-LINES:])
