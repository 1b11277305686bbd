"""Building releases and keeping them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from greenroom.domain.inspected import Strays
from greenroom.domain.project import App
from greenroom.domain.provenance import Provenance
from greenroom.domain.release import Identity, Release
from greenroom.drivers.builds import disk, files, locks, record, uv
from greenroom.drivers.builds.git import Git, Source
from greenroom.drivers.builds.locks import Inputs, Lock, Locks
from greenroom.drivers.builds.making import Maker
from greenroom.drivers.builds.sealing import provenance
from greenroom.drivers.builds.server import ServerLayer
from greenroom.drivers.builds.shelf import RECORD, Damaged, Shelf
from greenroom.drivers.builds.venvs import Venvs, python_tag


class Builds:
    """The releases of one project: made from git, kept below ``state``.

    ``project`` is the folder of ``greenroom.toml`` (it may be a part of the repository), ``python`` the interpreter
    that will run the app, ``now`` gives seconds since the epoch, ``environ`` is what git and uv see, ``progress``
    is told what is being done. Only one build runs at a time; others wait.
    """

    def __init__(
        self,
        *,
        project: Path,
        state: Path,
        app: App,
        python: Path,
        server: ServerLayer,
        now: Callable[[], float],
        environ: Mapping[str, str],
        progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._app = app
        self._state = state.absolute()
        self._python = python
        self._server = server
        self._now = now
        self._environ = environ
        self._progress = progress
        self._git = Git(project.absolute(), environ, apart=self._state)
        self._shelf = Shelf(self._state / "builds")

    def build(self, ref: str = "HEAD", dirty: bool = False) -> Release:
        """The release of a commit, or with ``dirty`` of the folder as it is now (ignored files stay out).

        What is already there is returned at once. ``warnings`` of the answer also tell of changed files that are
        not in it; that part is not recorded. A failing build leaves nothing behind. Raises GreenroomError:
        ``no-repository``, ``no-commit``, ``unknown-ref``, ``not-in-commit``, ``requirements-missing``,
        ``requirements-local``, ``requirements``, ``network``, ``migrations``, ``static-missing`` and others.
        """
        source = self._git.working() if dirty else self._git.committed(ref)
        notes = () if dirty else self._changed(source)
        inputs = locks.gather(lambda path: self._git.file(source.tree, path), self._app.requirements)
        lock = self._locks.known(inputs)
        found = self._there(source, lock) if lock else None
        release = found or self._under_lock(source, inputs)
        return replace(release, warnings=(*release.warnings, *notes))

    def releases(self) -> tuple[Release, ...]:
        """All usable releases, the newest last."""
        return self._shelf.scan()[0]

    def damaged(self) -> tuple[Damaged, ...]:
        """Builds that cannot be used; building the same commit again replaces them."""
        return self._shelf.scan()[1]

    def get(self, start: str) -> Release:
        """The release whose id begins with ``start``; else an error that lists the candidates."""
        return self._shelf.get(start)

    def path(self, release: str) -> Path:
        """The folder of a release: ``src/``, ``static/``, ``manifest.json``, ``venv``."""
        return self._shelf.folder / release

    def python(self, release: str) -> str:
        """The Python that a release was built for, such as ``cp311-linux-x86_64``."""
        return record.identity((self.path(release) / RECORD).read_bytes()).python

    def strays(self, release: str) -> Strays | None:
        """How a release's sources differ from what was built; None when that is not recorded."""
        return files.strays(self.path(release))

    def remove(self, release: str) -> None:
        """Remove a release; it may be gone already. Its Python environment stays until :meth:`collect`."""
        with self._exclusive():
            self._shelf.remove(release)

    def collect(self) -> None:
        """Remove the Python environments that no build uses."""
        with self._exclusive():
            self._venvs.collect(self._shelf.environments() | self._in_hand())

    def workbench(self) -> Path:
        """The Python environment for the folder as it is now, for development; kept until another one is asked for."""
        source = self._git.working()
        inputs = locks.gather(lambda path: self._git.file(source.tree, path), self._app.requirements)
        with self._exclusive() as held:
            tool = uv.Uv(uv.find(self._environ), self._python, self._environ, (held,))
            lock = self._locks.known(inputs) or self._resolve(inputs, tool)
            venv, _ = self._venvs.ensure(lock, tool)
            disk.write(self._bench, venv.name.encode())
        return venv

    @property
    def _bench(self) -> Path:
        """Names the environment that development uses: no build does."""
        return self._state / "venvs" / ".workbench"

    def _in_hand(self) -> frozenset[str]:
        return frozenset([self._bench.read_text()]) if self._bench.is_file() else frozenset()

    def provenance(self, release: str, deep: bool = True) -> Provenance:
        """Where a build comes from, and the digests of its files as they are now."""
        found = self.get(release)
        return provenance(self.path(found.id), found, deep)

    def _under_lock(self, source: Source, inputs: Inputs) -> Release:
        with self._exclusive() as held:
            tool = uv.Uv(uv.find(self._environ), self._python, self._environ, (held,))
            lock = self._locks.known(inputs) or self._resolve(inputs, tool)
            identity = self._identity(source, lock)
            recorded = self._shelf.recorded(identity.id)
            if isinstance(recorded, Release):
                self._venvs.ensure(lock, tool)
                return recorded
            maker = Maker(self._shelf.folder, self._git, self._venvs, self._app, self._progress)
            return maker.make(source, lock, identity, tool, self._now())

    def _resolve(self, inputs: Inputs, tool: uv.Uv) -> Lock:
        self._progress("resolving the requirements")
        work = self._shelf.folder / f"{disk.TEMPORARY}requirements"
        try:
            return self._locks.resolve(inputs, tool, work)
        finally:
            disk.remove(work)

    @contextmanager
    def _exclusive(self) -> Iterator[int]:
        waiting = "another build is running; waiting for it"
        with disk.exclusive(self._shelf.folder / ".lock", lambda: self._progress(waiting)) as held:
            disk.sweep(self._shelf.folder)
            disk.sweep(self._state / "locks")
            yield held

    def _there(self, source: Source, lock: Lock) -> Release | None:
        found = self._shelf.read(self._identity(source, lock).id)
        return found if isinstance(found, Release) else None

    def _identity(self, source: Source, lock: Lock) -> Identity:
        return Identity(source.tree, lock.digest, self._tag[0], self._layer)

    def _changed(self, source: Source) -> tuple[str, ...]:
        count = self._git.changed() if self._git.is_head(source.commit) else 0
        if not count:
            return ()
        files = "1 file" if count == 1 else f"{count} files"
        return (f"{files} changed since the commit are not in this release; --dirty takes them",)

    @cached_property
    def _tag(self) -> tuple[str, str]:
        return python_tag(self._python, self._environ)

    @cached_property
    def _layer(self) -> str:
        """All that is Greenroom's in a build: the server layer, the build's format, and the settings that shape it
        (they stand in the project's file, which may be changed without a commit)."""
        shape = [
            self._server.digest,
            record.FORMAT,
            self._app.static,
            self._app.static_url,
            self._app.alembic,
        ]
        return hashlib.sha256(json.dumps(shape).encode()).hexdigest()

    @cached_property
    def _locks(self) -> Locks:
        return Locks(self._state / "locks", self._server, self._tag[0])

    @cached_property
    def _venvs(self) -> Venvs:
        return Venvs(self._state / "venvs", *self._tag)


def manifest(build: Path) -> dict[str, str]:
    """A build's static files: each name and its hashed name."""
    found: dict[str, str] = json.loads((build / "manifest.json").read_bytes())
    return found
