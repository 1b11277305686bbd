"""The making of one build, in a temporary folder that gets its name when all is done."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

from greenroom.domain.project import App
from greenroom.domain.release import Identity, Release
from greenroom.domain.revisions import RevisionGraph
from greenroom.drivers.builds import disk, files, record, revisions, statics
from greenroom.drivers.builds.git import Git, Source
from greenroom.drivers.builds.locks import Lock
from greenroom.drivers.builds.shelf import RECORD
from greenroom.drivers.builds.uv import Uv, clean
from greenroom.drivers.builds.venvs import Venvs
from greenroom.drivers.system.processes import run


class Maker:
    """Makes builds below ``folder``; the caller holds the lock."""

    def __init__(
        self, folder: Path, git: Git, venvs: Venvs, app: App, progress: Callable[[str], None]
    ) -> None:
        self._folder = folder
        self._git = git
        self._venvs = venvs
        self._app = app
        self._progress = progress

    def make(self, source: Source, lock: Lock, identity: Identity, uv: Uv, now: float) -> Release:
        """Make the build and put it on the shelf; ``now`` in seconds since the epoch."""
        work = self._folder / f"{disk.TEMPORARY}{identity.id}"
        disk.remove(work)
        work.mkdir(parents=True)
        try:
            return self._fill(work, source, lock, identity, uv, now)
        finally:
            disk.remove(work)

    def _fill(
        self, work: Path, source: Source, lock: Lock, identity: Identity, uv: Uv, now: float
    ) -> Release:
        final = self._folder / identity.id
        graph, found = self._sources(work, source)
        found += self._static(work)
        self._progress("installing the Python environment")
        venv, problems = self._venvs.ensure(lock, uv)
        (work / "venv").symlink_to(os.path.relpath(venv, self._folder / identity.id))
        (work / "requirements.lock").write_text(lock.text, "utf-8")
        self._progress("compiling")
        _compile(venv, work / "src", final / "src", uv)
        disk.freeze(work / "src")
        disk.write(work / files.FILES, json.dumps(files.listed(work / "src")).encode())
        warnings = (*lock.warnings, *problems, *found)
        release = _release(source, identity, graph, warnings, now)
        self._progress("putting the build on the shelf")
        disk.write(work / RECORD, record.dump(release, identity))
        disk.remove(final)
        disk.settle(work, final)
        self._progress(f"built {release.id}")
        return release

    def _sources(self, work: Path, source: Source) -> tuple[RevisionGraph, tuple[str, ...]]:
        self._progress("reading the files from git")
        self._git.extract(source.tree, work / "src")
        graph = revisions.read(work / "src", self._app.alembic) if self._app.alembic else RevisionGraph()
        empty = self._git.submodules(source.tree)
        warnings = (f"submodules are not in the release: {', '.join(empty)}",) if empty else ()
        return graph, (*revisions.undeclared(graph), *warnings)

    def _static(self, work: Path) -> tuple[str, ...]:
        found = statics.Statics({})
        if self._app.static is None:
            (work / "static").mkdir()
        else:
            self._progress("publishing the static files")
            found = statics.publish(work / "src" / self._app.static, work / "static", self._app.static_url)
        (work / "manifest.json").write_text(json.dumps(found.manifest, indent=1) + "\n", "utf-8")
        if not found.missing:
            return ()
        return (f"style sheets refer to files that are not there: {', '.join(found.missing[:5])}",)


def _release(
    source: Source, identity: Identity, graph: RevisionGraph, warnings: tuple[str, ...], now: float
) -> Release:
    return Release(
        id=identity.id,
        digest=identity.digest,
        commit=source.commit,
        subject=source.subject,
        author=source.author,
        created_at=now,
        dirty=source.dirty,
        revisions=graph,
        warnings=warnings,
    )


def _compile(venv: Path, sources: Path, final: Path, uv: Uv) -> None:
    """Compile the app; a file that is no Python for this version is not this step's business."""
    options = ["-q", "-q", "--invalidation-mode", "unchecked-hash", "-s", str(sources), "-p", str(final)]
    argv = [str(venv / "bin" / "python"), "-I", "-m", "compileall", *options, str(sources)]
    run(argv, env=clean(uv.environ), timeout=300, keep_open=uv.keep_open)
