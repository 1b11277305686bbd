"""The digest of everything that a build serves from."""

from __future__ import annotations

import getpass
import hashlib
import json
import platform
from collections.abc import Iterator
from pathlib import Path

from greenroom import __version__
from greenroom.domain.image import DOCUMENTS
from greenroom.domain.provenance import Provenance
from greenroom.domain.release import Release
from greenroom.drivers.builds.files import FILES
from greenroom.drivers.builds.shelf import RECORD

COMPILED = "__pycache__"
NOT_SERVED = frozenset({"venv", RECORD, FILES}) | DOCUMENTS
"""A link, and what is written about the build and its images: two builds of one commit differ in it. The revisions count by themselves."""


def provenance(build: Path, release: Release, deep: bool) -> Provenance:
    """Read every file of the build and, if ``deep``, of its Python environment; compiled Python, which follows from it, is left out.

    Raises OSError when a file cannot be read.
    """
    identity = json.loads((build / RECORD).read_bytes())["identity"]
    venv = (build / "venv").resolve()
    return Provenance(
        release=release.id,
        content=_digest(build, repr(release.revisions)),
        venv=_digest(venv) if deep else "",
        commit=release.commit,
        tree=str(identity["tree"]),
        lock=str(identity["lock"]),
        python=str(identity["python"]),
        builder=f"{getpass.getuser()}@{platform.node()} greenroom {__version__}",
        at=release.created_at,
        dirty=release.dirty,
    )


def _digest(folder: Path, beside: str = "") -> str:
    whole = hashlib.sha256(beside.encode())
    for name, what in _parts(folder):
        whole.update(f"{name}\0{what}\n".encode("utf-8", "surrogateescape"))
    return whole.hexdigest()


def _parts(folder: Path) -> Iterator[tuple[str, str]]:
    """Every file and link below the folder, by name: its mode and what is in it. A link is not followed."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if COMPILED in path.parts or name in NOT_SERVED:
            continue
        if path.is_symlink():
            yield name, f"-> {path.readlink()}"
        elif path.is_file():
            with path.open("rb") as file:
                yield (
                    name,
                    f"{path.stat().st_mode & 0o111:o} {hashlib.file_digest(file, 'sha256').hexdigest()}",
                )
