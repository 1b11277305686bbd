"""Static files under names that change with their content, so that browsers may keep them for ever."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import brotli  # type: ignore[import-untyped]
import zstandard

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.drivers.builds import css

TEXT = frozenset(
    (
        *(".css", ".js", ".mjs", ".json", ".map", ".svg", ".txt", ".html", ".xml", ".webmanifest"),
        *(".ico", ".wasm", ".ttf", ".otf", ".eot"),
    )
)
"""Endings of the files that compression makes smaller."""

HASH_LENGTH = 10
"""Hex digits in a hashed name."""

THOROUGH = 200_000
"""Up to this many bytes brotli's best level is fast enough (about 1 MB/s)."""


@dataclass(frozen=True, slots=True)
class Statics:
    """``manifest``: each file's name and its hashed name; ``missing``: references in CSS that lead nowhere."""

    manifest: dict[str, str]
    missing: tuple[str, ...] = ()


def publish(source: Path, target: Path, url: str) -> Statics:
    """Copy the files of ``source`` to the new folder ``target``, under both names, compressed where it helps.

    ``url`` is the path below which they are served. The same files give the same bytes under the same names.
    """
    if not source.is_dir():
        hint = "git does not keep empty folders; set [app] static, or commit the files"
        raise GreenroomError(
            "static-missing", f"the static folder {source.name} is not in the release", hint, Exit.USAGE
        )
    names = _names(source)
    sheets = {name: _sheet(source / name) for name in names if name.endswith(".css")}
    links = {name: _links(name, text, url) for name, text in sheets.items()}
    manifest = _manifest(source, names, links)
    for name in names:
        _place(source / name, target, name, manifest, sheets, url)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(_compress, [target / manifest[n] for n in names if Path(n).suffix.lower() in TEXT]))
    missing = {f"{name} -> {link}" for name, found in links.items() for link in found if link not in manifest}
    return Statics(manifest, tuple(sorted(missing)))


def _names(source: Path) -> list[str]:
    root = source.resolve().parent
    files = (path for path in source.rglob("*") if path.is_file() and path.resolve().is_relative_to(root))
    return sorted(path.relative_to(source).as_posix() for path in files)


def _sheet(path: Path) -> str:
    """The bytes as text, one character each: nothing that CSS means lies beyond ASCII."""
    return path.read_bytes().decode("latin-1")


def _links(name: str, text: str, url: str) -> set[str]:
    return {found for ref in css.references(text) if (found := css.target(ref, name, url)) is not None}


def _manifest(source: Path, names: list[str], links: dict[str, set[str]]) -> dict[str, str]:
    """A file's hash covers all that it refers to, at any distance: so cycles need no special care."""
    own = {name: hashlib.sha256((source / name).read_bytes()).hexdigest() for name in names}
    return {name: _hashed(name, _digest(name, own, links)) for name in names}


def _digest(name: str, own: dict[str, str], links: dict[str, set[str]]) -> str:
    reached: set[str] = set()
    todo = [name]
    while todo:
        current = todo.pop()
        if current in own and current not in reached:
            reached.add(current)
            todo += links.get(current, ())
    if reached == {name}:
        return own[name]
    parts = "\n".join([name, *(f"{other} {own[other]}" for other in sorted(reached))])
    return hashlib.sha256(parts.encode("utf-8", "surrogateescape")).hexdigest()


def _hashed(name: str, digest: str) -> str:
    path = PurePosixPath(name)
    return path.with_name(f"{path.stem}.{digest[:HASH_LENGTH]}{path.suffix}").as_posix()


def _place(
    source: Path, target: Path, name: str, manifest: dict[str, str], sheets: dict[str, str], url: str
) -> None:
    plain, hashed = target / name, target / manifest[name]
    plain.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, plain)
    if name not in sheets:
        hashed.hardlink_to(plain)
        return

    def change(reference: str) -> str:
        found = css.target(reference, name, url)
        new = manifest.get(found or "")
        return reference if new is None else css.renamed(reference, PurePosixPath(new).name)

    hashed.write_bytes(css.rewrite(sheets[name], change).encode("latin-1"))


def _compress(path: Path) -> None:
    content = path.read_bytes()
    for ending, pack in _PACKERS.items():
        packed = pack(content)
        if len(packed) < len(content):
            path.with_name(path.name + ending).write_bytes(packed)


def _brotli(content: bytes) -> bytes:
    return bytes(brotli.compress(content, quality=11 if len(content) <= THOROUGH else 9))


def _zstd(content: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=19).compress(content)


_PACKERS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": lambda content: gzip.compress(content, 9, mtime=0),
    ".br": _brotli,
    ".zst": _zstd,
}
