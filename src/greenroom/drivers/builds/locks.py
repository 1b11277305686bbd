"""From what the project asks for to exactly what is installed."""

from __future__ import annotations

import hashlib
import json
import posixpath
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.drivers.builds import disk, requirements
from greenroom.drivers.builds.server import ServerLayer
from greenroom.drivers.builds.uv import Uv

MOST_FILES = 50
"""Requirement files that may include one another."""

Reader = Callable[[str], bytes | None]
"""Gives a file of the project by its path, or None."""


@dataclass(frozen=True, slots=True)
class Lock:
    """The text that is installed, and what the person should know about it."""

    text: str
    warnings: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """sha256 in hex."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def hashed(self) -> bool:
        """Has every entry a hash?"""
        return requirements.complete(requirements.parse(self.text))


@dataclass(frozen=True, slots=True)
class Inputs:
    """The files that say what is required: path and content; ``main`` is the first of them."""

    main: str
    files: tuple[tuple[str, bytes], ...]

    @property
    def project(self) -> bool:
        """Is it a ``pyproject.toml``?"""
        return self.main.endswith(".toml")

    @property
    def frozen(self) -> bool:
        """Is there a ``uv.lock`` beside the ``pyproject.toml``?"""
        return any(path.endswith("uv.lock") for path, _ in self.files)

    @property
    def text(self) -> str:
        """All requirement files, one after the other."""
        return "\n".join(content.decode("utf-8", "replace") for _, content in self.files)

    @property
    def unpinned(self) -> tuple[str, ...]:
        """Names of the requirements that leave their version open."""
        if self.project:
            return () if self.frozen else (self.main,)
        return tuple(sorted({e.name for e in requirements.parse(self.text) if not e.pinned}))


def gather(read: Reader, main: str) -> Inputs:
    """Read the requirement files. Raises ``requirements-missing`` or ``requirements-local``."""
    if main.endswith(".toml"):
        beside = posixpath.join(posixpath.dirname(main), "uv.lock")
        lock = read(beside)
        return Inputs(main, ((main, _required(read, main)), *([(beside, lock)] if lock is not None else [])))
    files: dict[str, bytes] = {}
    todo = [main]
    while todo and len(files) < MOST_FILES:
        path = todo.pop(0)
        if path not in files:
            files[path] = _required(read, path)
            todo += _included(path, files[path].decode("utf-8", "replace"))
    return Inputs(main, tuple(files.items()))


def _included(path: str, text: str) -> list[str]:
    for line in requirements.local(text):
        raise GreenroomError(
            "requirements-local",
            f"{path} installs from a folder: {line}",
            "the release holds the project's files anyway: leave the line out; for src/ set PYTHONPATH in [env]",
            Exit.USAGE,
        )
    folder = posixpath.dirname(path)
    return [posixpath.normpath(posixpath.join(folder, name)) for name in requirements.includes(text)]


def _required(read: Reader, path: str) -> bytes:
    content = read(path)
    if content is None:
        raise GreenroomError(
            "requirements-missing",
            f"{path} is not among the release's files",
            "commit it (an app without requirements has an empty one), or set [app] requirements",
            Exit.USAGE,
        )
    return content


class Locks:
    """Resolved locks, remembered under the digest of what they were resolved from."""

    def __init__(self, folder: Path, server: ServerLayer, python: str) -> None:
        self._folder = folder
        self._server = server
        self._python = python

    def known(self, inputs: Inputs) -> Lock | None:
        """The lock, if nothing has to be resolved for it (again)."""
        own = requirements.parse(inputs.text)
        direct = not inputs.project and not requirements.constrained(inputs.text)
        if direct and requirements.complete([*own, *self._server.entries]):
            return Lock(self._layered(own, inputs))
        try:
            return self._lock(self._path(inputs).read_text("utf-8"), inputs)
        except FileNotFoundError:
            return None

    def resolve(self, inputs: Inputs, uv: Uv, work: Path) -> Lock:
        """Resolve once and remember; ``work`` is a folder for the files, made and left to the caller."""
        for path, content in inputs.files:
            place = work / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        folder = (work / inputs.main).parent
        text = self._export(inputs, uv, folder) if inputs.frozen else self._compile(inputs, uv, folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        disk.write(self._path(inputs), text.encode())
        return self._lock(text, inputs)

    def _export(self, inputs: Inputs, uv: Uv, folder: Path) -> str:
        text = uv.export(folder)
        _included("uv.lock", text)
        return self._layered(requirements.parse(text), inputs)

    def _compile(self, inputs: Inputs, uv: Uv, folder: Path) -> str:
        override = folder / "greenroom-server.txt"
        override.write_text(requirements.render(self._server.entries))
        text = uv.compile(folder, [Path(inputs.main).name, override.name], override.name)
        return self._layered(requirements.parse(text), inputs)

    def _layered(self, entries: list[requirements.Entry], inputs: Inputs) -> str:
        options = [] if inputs.project else requirements.options(inputs.text)
        return requirements.render(requirements.layered(entries, self._server.entries), options)

    def _lock(self, text: str, inputs: Inputs) -> Lock:
        names = inputs.unpinned
        if not names:
            return Lock(text)
        what = f"{inputs.main} does not pin {', '.join(names[:8])}{' ...' if len(names) > 8 else ''}"
        if inputs.project:
            what = f"{inputs.main} has no uv.lock beside it"
        return Lock(text, (f"{what}: the versions resolved at the first build are kept",))

    def _path(self, inputs: Inputs) -> Path:
        parts = [self._python, *self._server.requirements, inputs.main]
        files = [(path, hashlib.sha256(content).hexdigest()) for path, content in inputs.files]
        key = hashlib.sha256(json.dumps([parts, files]).encode()).hexdigest()
        return self._folder / f"{key[:32]}.txt"
