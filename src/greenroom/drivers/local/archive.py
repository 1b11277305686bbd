"""The platform's own state in one file: history, records, secrets, the authority of the edge; no data of the app.

Databases and buckets are data, with backups of their own; processes, slots and builds can be made again.
"""

from __future__ import annotations

import gzip
import io
import json
import sqlite3
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.drivers.system.files import private_folder

FORMAT = 1
FOLDERS = ("environments", "secrets", "caddy/pki")
FILES = ("public.json", "version")
LEDGER = "ledger.sqlite"
MANIFEST = "greenroom-state.json"
MOST_BYTES = 2 << 30
"""A larger file is not one of ours."""


def write_archive(root: Path, out: Path, now: float) -> int:
    """Write the state below ``root`` to a new private file; returns how many files are in it.

    The ledger is copied as it is at one moment, also while somebody writes to it. The file appears whole or not at all.
    """
    temporary = out.with_name(f".{out.name}.new")
    count = 0
    temporary.unlink(missing_ok=True)
    temporary.touch(mode=0o600)
    with tarfile.open(temporary, "w:gz") as tar, tempfile.TemporaryDirectory() as place:
        ledger = _ledger(root / LEDGER, Path(place) / LEDGER)
        entries = _entries(ledger) if ledger else 0
        _add(tar, MANIFEST, json.dumps({"format": FORMAT, "at": now, "entries": entries}).encode())
        for name, path in (*_files(root), *([(LEDGER, ledger)] if ledger else [])):
            _add(tar, name, path.read_bytes())
            count += 1
    temporary.replace(out)
    return count


def read_archive(file: Path, root: Path) -> int:
    """Put an archive's files into a state folder that has no history; returns how many entries its ledger has.

    Raises (exit 2) when the file is no archive of ours or damaged, (exit 3) where there is a history already. Nothing
    is written before all of it has been read.
    """
    if (root / LEDGER).exists():
        raise GreenroomError(
            "state-there",
            f"{root} has a history of its own",
            "move it away, or restore into another copy of the project",
            Exit.REFUSED,
        )
    contents = dict(_contents(file))
    manifest = _manifest(file, contents.pop(MANIFEST, b""))
    private_folder(root)
    for name, data in sorted(contents.items(), key=lambda item: item[0] == LEDGER):
        target = root / name
        private_folder(target.parent)
        target.unlink(missing_ok=True)
        target.touch(mode=0o600)
        target.write_bytes(data)
    return manifest


def _files(root: Path) -> Iterator[tuple[str, Path]]:
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.is_file() and not path.name.startswith("."):
                yield path.relative_to(root).as_posix(), path
    yield from ((name, root / name) for name in FILES if (root / name).is_file())


def _ledger(source: Path, copy: Path) -> Path | None:
    if not source.exists():
        return None
    with sqlite3.connect(f"file:{source}?mode=ro", uri=True) as old, sqlite3.connect(copy) as new:
        old.backup(new)
    new.close()
    old.close()
    return copy


def _entries(ledger: Path) -> int:
    with sqlite3.connect(ledger) as book:
        count = int(book.execute("select count(*) from entry").fetchone()[0])
    book.close()
    return count


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(data), 0o600
    tar.addfile(member, io.BytesIO(data))


def _contents(file: Path) -> Iterator[tuple[str, bytes]]:
    known = (*FILES, LEDGER, MANIFEST)
    try:
        # Read to its end first: gzip's own sum stands there.
        with tarfile.open(fileobj=io.BytesIO(_unpacked(file)), mode="r:") as tar:
            for member in tar:
                inside = member.name in known or member.name.startswith(tuple(f"{f}/" for f in FOLDERS))
                if not inside or ".." in member.name.split("/") or not member.isfile():
                    raise _not_ours(file, f"{member.name} does not belong into one")
                taken = tar.extractfile(member)
                yield member.name, taken.read() if taken else b""
    except FileNotFoundError as error:
        raise _not_ours(file, "it is not there") from error
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise _not_ours(file, str(error)) from error


def _unpacked(file: Path) -> bytes:
    with gzip.open(file) as packed:
        data = packed.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise _not_ours(file, "it is too large")
    return data


def _manifest(file: Path, text: bytes) -> int:
    try:
        manifest = json.loads(text)
        if manifest["format"] == FORMAT:
            return int(manifest["entries"])
    except (ValueError, KeyError, TypeError):
        pass
    raise _not_ours(file, "it does not say what it is")


def _not_ours(file: Path, why: str) -> GreenroomError:
    return GreenroomError("no-archive", f"{file.name} is no whole archive of a state: {why}", "", Exit.USAGE)
